//! The todos on Cloudflare: their rules in a Durable Object per store.

syncline_worker::worker!(todo_model::Todos);
