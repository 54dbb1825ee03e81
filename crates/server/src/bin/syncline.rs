//! The server that is only a log: it takes every event, as its clients alone know what they mean.

use std::process::ExitCode;

fn main() -> ExitCode {
    syncline_server::main::<syncline_engine::Schemaless>()
}
