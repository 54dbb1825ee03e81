//! The parts of a Durable Object's storage that are called once per statement, or that the `worker`
//! crate does not have.

use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    pub(crate) type Storage;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn sql(this: &Storage) -> SqlStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    pub(crate) fn transaction_sync(
        this: &Storage,
        body: &mut dyn FnMut() -> Result<(), JsValue>,
    ) -> Result<(), JsValue>;

    pub(crate) type SqlStorage;

    pub(crate) type Cursor;

    #[wasm_bindgen(method, catch)]
    pub(crate) fn raw(this: &Cursor) -> Result<Rows, JsValue>;

    pub(crate) type Rows;

    #[wasm_bindgen(method, catch, js_name = toArray)]
    pub(crate) fn to_array(this: &Rows) -> Result<Array, JsValue>;
}

/// `exec` for each number of bindings that statements usually have, without an array in between.
macro_rules! exec {
    ($($name:ident($($binding:ident)*))*) => {
        #[wasm_bindgen]
        extern "C" {
            $(
                #[wasm_bindgen(method, catch, js_name = exec)]
                fn $name(this: &SqlStorage, statement: &JsString $(, $binding: &JsValue)*) -> Result<Cursor, JsValue>;
            )*

            #[wasm_bindgen(method, catch, js_name = exec, variadic)]
            fn exec_many(this: &SqlStorage, statement: &JsString, bindings: &Array) -> Result<Cursor, JsValue>;
        }

        impl SqlStorage {
            pub(crate) fn exec(&self, statement: &JsString, bindings: &[JsValue]) -> Result<Cursor, JsValue> {
                match bindings {
                    $([$($binding),*] => self.$name(statement $(, $binding)*),)*
                    many => self.exec_many(statement, &many.iter().collect()),
                }
            }
        }
    };
}
exec! {
    exec_0() exec_1(a) exec_2(a b) exec_3(a b c) exec_4(a b c d) exec_5(a b c d e) exec_6(a b c d e f)
    exec_7(a b c d e f g) exec_8(a b c d e f g h)
}
