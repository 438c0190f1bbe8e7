//! Corpus, training, export and evaluation: what needs the trainer's dependencies.

use std::process::ExitCode;

/// The commands of the offline half. Each is named in `crate::trainer::COMMANDS` too.
#[derive(clap::Subcommand)]
pub enum Command {}

impl Command {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {}
    }
}
