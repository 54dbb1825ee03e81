//! Traces: a span for each request and each push, sent to a collector by OTLP. Without the feature `otlp` there
//! are none, and whoever sets where they go is told so.

#[cfg(feature = "otlp")]
mod otlp;

use std::time::Duration;

use syncline_engine::protocol::{StoreId, Subject};

use crate::shard::SocketId;

/// A request over HTTP that was answered just now.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "nobody is told of it"))]
pub(crate) struct Answered<'a> {
    pub(crate) request: u64,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) status: u16,
    pub(crate) took: Duration,
}

/// A push that was decided just now.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "nobody is told of it"))]
pub(crate) struct Decided<'a> {
    pub(crate) store: &'a StoreId,
    pub(crate) socket: SocketId,
    pub(crate) subject: Option<&'a Subject>,
    pub(crate) accepted: usize,
    pub(crate) rejected: usize,
    pub(crate) took: Duration,
}

#[cfg(feature = "otlp")]
pub(crate) use otlp::Traces;

/// There are none.
#[cfg(not(feature = "otlp"))]
#[derive(Debug)]
pub(crate) enum Traces {}

#[cfg(not(feature = "otlp"))]
impl Traces {
    pub(crate) fn start(_: &str) -> Result<Self, String> {
        Err("this binary was built without the feature `otlp`".to_owned())
    }

    pub(crate) fn answered(&self, _: &Answered<'_>) {
        match *self {}
    }

    pub(crate) fn decided(&self, _: &Decided<'_>) {
        match *self {}
    }

    pub(crate) fn stop(&self) {
        match *self {}
    }
}
