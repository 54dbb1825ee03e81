//! The chat in the browser.

#![cfg(all(target_family = "wasm", target_os = "unknown"))]

syncline_web::client!(chat_model::Chat);
