//! Corpus, training and export of the monitor's models.
//!
//! Nothing is chosen on attacks: this crate depends neither on the evaluation nor on the field.

use std::process::ExitCode;

pub mod corpus;

pub mod vocabulary;

pub mod train;

mod plot;

pub mod export;

pub mod runtime;

/// The commands of this crate.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Read a corpus and print what is in it.
    Corpus(corpus::Options),
    /// Train a model on ADFA-LD or on your own recordings.
    Train(train::Options),
    /// Write a model folder from a checkpoint.
    ExportOnnx(export::Options),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// What the command cannot do without.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Corpus(options) => corpus::command(&options)?,
            Self::Train(options) => train::command(&options)?,
            Self::ExportOnnx(options) => export::command(&options)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
