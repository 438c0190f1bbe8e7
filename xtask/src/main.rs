//! `cargo xtask`: the repository's commands, and the way to those of the other crates.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use xtask::delegate;

/// Everything around the monitor.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
#[command(after_help = delegate::help())]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    #[command(flatten)]
    Here(xtask::Command),
    #[command(external_subcommand)]
    Elsewhere(Vec<OsString>),
}

fn main() -> ExitCode {
    support::program::status(match Arguments::parse().task {
        Task::Here(command) => command.run(),
        Task::Elsewhere(arguments) => delegate::start(&arguments),
    })
}
