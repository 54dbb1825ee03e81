//! The chat on Cloudflare: its rules in a Durable Object per store.

syncline_worker::worker!(chat_model::Chat);
