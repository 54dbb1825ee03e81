//! The todos in the browser.

#![cfg(all(target_family = "wasm", target_os = "unknown"))]

syncline_web::client!(todo_model::Todos);
