//! Syncline in the browser: a session for the page and a leader for its worker, over wasm-bindgen.
//!
//! `#[wasm_bindgen]` cannot export generics, so the classes here hold a model's rules with the types
//! erased; [`client!`] in an app's cdylib says which model they are of. The TypeScript package under
//! `js/` wraps both classes; nothing else should call them. It is a crate for browsers alone: elsewhere it
//! is empty.

#![cfg(all(target_family = "wasm", target_os = "unknown"))]

#[cfg(feature = "conformance")]
mod conformance;
mod failure;
mod leader;
mod params;
mod past;
mod session;

use std::sync::OnceLock;

use syncline_engine::Rules;

static RULES: OnceLock<Rules> = OnceLock::new();

/// Says which model the client is of. Called by [`client!`].
#[doc(hidden)]
pub fn install(rules: Rules) {
    std::panic::set_hook(Box::new(|panic| failure::log(&panic.to_string())));
    // A second call can only bring the same rules: there is one model in one cdylib.
    let _ = RULES.set(rules);
}

fn rules() -> Rules {
    *RULES.get().expect("client! has installed the rules when the wasm started")
}

/// Makes a cdylib the client of a model.
///
/// ```ignore
/// syncline_web::client!(chat_model::Chat);
/// ```
#[macro_export]
macro_rules! client {
    ($model:ty) => {
        #[doc(hidden)]
        #[wasm_bindgen::prelude::wasm_bindgen(start)]
        pub fn start() {
            $crate::install($crate::engine::Rules::of::<$model>());
        }
    };
}

#[doc(hidden)]
pub use syncline_engine as engine;
