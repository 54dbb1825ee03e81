//! The chat's rules in the native server.

use std::process::ExitCode;

fn main() -> ExitCode {
    syncline_server::main::<chat_model::Chat>()
}
