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

#[wasm_bindgen(module = "/src/sql/exec.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub(crate) fn exec(
        sql: &SqlStorage,
        statement: &JsString,
        texts: &str,
        layout: &[f64],
        blobs: Option<Array>,
    ) -> Result<Cursor, JsValue>;
}
