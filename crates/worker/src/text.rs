//! Large texts from JavaScript.

use js_sys::{JsString, Uint8Array};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    type TextEncoder;

    #[wasm_bindgen(constructor)]
    fn new() -> TextEncoder;

    #[wasm_bindgen(method)]
    fn encode(this: &TextEncoder, text: &JsString) -> Uint8Array;
}

/// The text as Rust has it. The glue of wasm-bindgen copies ASCII character by character, in
/// JavaScript: for a message of 25 KB that takes longer than to parse it. Nothing is lost by the
/// lossy step, as an encoder writes UTF-8.
pub(crate) fn from_js(text: &JsString) -> String {
    thread_local! {
        static ENCODER: TextEncoder = TextEncoder::new();
    }
    let bytes = ENCODER.with(|encoder| encoder.encode(text)).to_vec();
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
