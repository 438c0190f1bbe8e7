//! The program behind `cargo xtask`'s commands of this crate.

mod bench;
mod command;
mod kernels;
mod scenarios;

use std::process::ExitCode;

use clap::Parser;

/// Scenarios and measurements.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: command::Command,
}

fn main() -> ExitCode {
    support::program::status(Arguments::parse().command.run())
}
