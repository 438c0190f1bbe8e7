//! The command line of the monitor.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
