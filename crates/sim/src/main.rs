//! `syncline-sim`: runs seeds on all cores, and says what happened.

use std::process::ExitCode;

fn main() -> ExitCode {
    syncline_sim::command::main(std::env::args().skip(1))
}
