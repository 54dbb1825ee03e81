//! `explore`: goes through every world within some bounds, and says how many there were.

use std::process::ExitCode;

fn main() -> ExitCode {
    syncline_sim::explore::command::main(std::env::args().skip(1))
}
