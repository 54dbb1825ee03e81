//! The rules of the todos in the native server.

use std::process::ExitCode;

fn main() -> ExitCode {
    syncline_server::main::<todo_model::Todos>()
}
