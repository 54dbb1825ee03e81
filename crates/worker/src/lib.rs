//! Syncline on Cloudflare: a router, one Durable Object per store, and the archive in D1.
//!
//! A thin shell over [`syncline_engine::Room`]: what is allowed, and what is said to whom, is decided
//! there. An app's worker crate is one call of [`worker!`].

mod answer;
mod clock;
#[cfg(feature = "conformance")]
mod conformance;
mod object;
mod router;
mod sql;
mod stores;
mod text;
mod token;
mod wait;

pub use object::Object;
pub use router::route;
pub use syncline_auth::{MakePolicy, Policy};

/// The whole worker of an app: its fetch handler, and the class `StoreObject`, which is a store.
///
/// The bindings that it looks for: `STORE`, the Durable Object namespace of `StoreObject`; those that say who
/// may connect, which [`syncline_auth::AuthConfig::from_vars`] reads; and `DB`, the D1 database of the archive,
/// if there is to be one.
///
/// ```text
/// syncline_worker::worker!(chat_model::Chat);
/// ```
///
/// What an app decides by code of its own is a second argument, a [`MakePolicy`].
#[macro_export]
macro_rules! worker {
    ($model:ty) => {
        $crate::worker!($model, $crate::Policy::none);
    };
    ($model:ty, $policy:expr) => {
        #[::worker::event(fetch)]
        async fn fetch(
            request: ::worker::Request,
            env: ::worker::Env,
            _: ::worker::Context,
        ) -> ::worker::Result<::worker::Response> {
            $crate::route::<$model>(request, env, $policy).await
        }

        const _: () = {
            use ::wasm_bindgen::prelude::*;
            use ::worker::js_sys::{self, Promise};
            use ::worker::wasm_bindgen_futures;
            use ::worker::worker_sys::DurableObjectState;
            use ::worker::worker_sys::web_sys::{Request, Response, WebSocket};

            /// One store.
            #[wasm_bindgen]
            pub struct StoreObject(::std::rc::Rc<$crate::Object>);

            #[wasm_bindgen(wasm_bindgen_futures = wasm_bindgen_futures, js_sys = js_sys)]
            impl StoreObject {
                #[wasm_bindgen(constructor)]
                pub fn new(state: DurableObjectState, env: ::worker::Env) -> Self {
                    Self(::std::rc::Rc::new($crate::Object::new::<$model>(state, env, $policy)))
                }

                pub async fn fetch(&self, request: Request) -> Result<Response, JsValue> {
                    self.0.fetch(request).await
                }

                pub async fn alarm(&self) -> Result<(), JsValue> {
                    self.0.alarm().await
                }

                #[wasm_bindgen(js_name = webSocketMessage)]
                pub fn message(&self, socket: WebSocket, message: JsValue) -> Promise {
                    self.0.message(&socket, &message)
                }

                #[wasm_bindgen(js_name = webSocketClose)]
                pub fn close(&self, socket: WebSocket, code: u16, _reason: JsValue, _clean: bool) -> Promise {
                    self.0.closed(&socket, code)
                }

                #[wasm_bindgen(js_name = webSocketError)]
                pub fn error(&self, socket: WebSocket, _error: JsValue) -> Promise {
                    self.0.closed(&socket, 1011)
                }
            }
        };
    };
}
