//! The chat on Cloudflare: its rules in a Durable Object per store.

#[cfg(feature = "conformance")]
mod brittle;
#[cfg(feature = "conformance")]
mod door;

#[cfg(not(feature = "conformance"))]
syncline_worker::worker!(chat_model::Chat);
#[cfg(feature = "conformance")]
syncline_worker::worker!(crate::brittle::Brittle, crate::door::policy);
