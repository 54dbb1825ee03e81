//! The chat in the browser.

syncline_web::client!(chat_model::Chat);
