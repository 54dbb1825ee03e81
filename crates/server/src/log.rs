//! Logs go to stderr, a line for each thing that has happened: no payloads, no tokens.

use std::io;

use tracing::level_filters::LevelFilter;

use crate::config::{LogFormat, LogLevel};

pub(crate) fn start(level: Option<LogLevel>, format: Option<LogFormat>) {
    let level = match level {
        Some(LogLevel::Error) => LevelFilter::ERROR,
        Some(LogLevel::Warn) => LevelFilter::WARN,
        Some(LogLevel::Info) | None => LevelFilter::INFO,
        Some(LogLevel::Debug) => LevelFilter::DEBUG,
    };
    let lines = tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr);
    match format {
        Some(LogFormat::Json) => lines.json().flatten_event(true).init(),
        Some(LogFormat::Text) | None => lines.with_ansi(false).init(),
    }
}
