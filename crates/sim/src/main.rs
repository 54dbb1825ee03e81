//! `syncline-sim`: runs seeds on all cores, and says what happened.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "mutations")]
    if std::env::args().nth(1).as_deref() == Some("--mutations") {
        return syncline_sim::mutations::main(std::env::args().skip(2));
    }
    syncline_sim::command::main(std::env::args().skip(1))
}
