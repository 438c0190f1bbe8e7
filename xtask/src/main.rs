//! `cargo xtask`: set-up, runs, tests and installation of the monitor, and the training of its models.

mod repo;

#[cfg(feature = "offline")]
mod offline;

#[cfg(any(not(feature = "offline"), test))]
#[cfg_attr(
    feature = "offline",
    expect(dead_code, reason = "only its list is tested")
)]
mod trainer;

#[cfg(not(feature = "offline"))]
use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

/// Everything around the monitor.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
#[cfg_attr(not(feature = "offline"), command(after_help = trainer::help()))]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(clap::Subcommand)]
enum Task {
    #[command(flatten)]
    Repo(repo::Command),
    #[cfg(feature = "offline")]
    #[command(flatten)]
    Offline(offline::Command),
    #[cfg(not(feature = "offline"))]
    #[command(external_subcommand)]
    Offline(Vec<OsString>),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Repo(command) => command.run(),
        #[cfg(feature = "offline")]
        Task::Offline(command) => command.run(),
        #[cfg(not(feature = "offline"))]
        Task::Offline(arguments) => trainer::start(&arguments),
    };
    outcome.unwrap_or_else(|why| {
        eprintln!("error: {why:#}");
        ExitCode::FAILURE
    })
}
