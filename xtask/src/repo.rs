//! The work around the code: set-up, runs, tests, installation. Nothing here needs what the set-up brings.

pub(crate) mod place;

pub mod privilege;

mod step;

mod tool;

pub mod setup;

pub mod build;

#[cfg(feature = "offline")]
pub(crate) use build::{cargo, release};

mod run;

mod test;

mod install;

use std::process::ExitCode;

use anyhow::Result;

/// The commands that need no trainer.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Bring what the build needs and is missing: rust-src, bpf-linker, libonnxruntime
    Setup,
    /// Set up, build, and start `monitor ARGS` as root; without ARGS, show a short demonstration
    Run(run::Arguments),
    /// Set up, check the format, lint, and run all tests, those for root under sudo
    Test,
    /// Build and install `monitor`, the library and the default model
    Install(install::Arguments),
}

impl Command {
    /// Runs the command.
    pub fn run(self) -> Result<ExitCode> {
        match self {
            Self::Setup => setup::setup().map(|_| ExitCode::SUCCESS),
            Self::Run(arguments) => run::run(arguments),
            Self::Test => test::test(),
            Self::Install(arguments) => install::install(arguments),
        }
    }
}
