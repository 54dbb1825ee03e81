//! Syncline over HTTP: the routes that both servers have, and what a room answers on them. Pure: a host
//! reads requests and writes answers.

mod answer;
mod call;
mod route;
mod webhook;

pub use answer::{Answer, status};
pub use call::{Asked, Call, Empty, Form, INCARNATION, ImportCall, LAST, LogCall, QueryCall, Reply};
pub use route::{Access, Request, Route, bearer};
pub use webhook::{DELIVERY, SIGNATURE, signature};
