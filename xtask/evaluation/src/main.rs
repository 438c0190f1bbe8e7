//! The program behind `cargo xtask`'s commands of this crate.

use std::process::ExitCode;

use clap::Parser;

/// Evaluation of models.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: xtask_evaluation::Command,
}

fn main() -> ExitCode {
    support::program::status(Arguments::parse().command.run())
}
