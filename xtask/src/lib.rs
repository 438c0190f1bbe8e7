//! The repository's commands: set-up, runs, tests, installation. Nothing here needs what the set-up
//! brings.

pub mod delegate;

pub mod privilege;

mod step;

mod tool;

pub mod cargo;

pub mod setup;

pub mod architecture;

pub mod build;

mod run;

mod test;

mod install;

mod dist;

use std::process::ExitCode;

use anyhow::Result;

/// The commands of this crate.
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
    /// Build the packages of a release: .deb, .rpm, symbols, checksums
    Dist(dist::Arguments),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// It cannot be carried out; a check or a test that fails is no error but a status.
    pub fn run(self) -> Result<ExitCode> {
        match self {
            Self::Setup => setup::setup().map(|_| ExitCode::SUCCESS),
            Self::Run(arguments) => run::run(arguments),
            Self::Test => test::test(),
            Self::Install(arguments) => install::install(arguments),
            Self::Dist(arguments) => dist::dist(&arguments),
        }
    }
}
