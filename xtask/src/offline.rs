//! Corpus, training, export and evaluation: what needs the trainer's dependencies.

use std::process::ExitCode;

pub mod corpus;

pub mod vocabulary;

pub mod train;

pub mod export;

/// The commands of the offline half. Each is named in `crate::trainer::COMMANDS` too.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Train a model on ADFA-LD or on your own recordings.
    Train(train::Options),
    /// Write a model folder from a checkpoint.
    ExportOnnx(export::Options),
}

impl Command {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Train(options) => train::command(&options)?,
            Self::ExportOnnx(options) => export::command(&options)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
