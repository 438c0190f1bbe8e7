//! Corpus, training, export and evaluation: what needs the trainer's dependencies.

use std::process::ExitCode;

pub mod corpus;

pub mod vocabulary;

mod stide;

pub mod train;

mod plot;

pub mod export;

mod runtime;

pub mod evaluate;

pub mod bench;

pub mod scenarios;

/// The commands of the offline half. Each is named in `crate::trainer::COMMANDS` too.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Read a corpus and print what is in it.
    Corpus(corpus::Options),
    /// Train a model on ADFA-LD or on your own recordings.
    Train(train::Options),
    /// Write a model folder from a checkpoint.
    ExportOnnx(export::Options),
    /// Score ADFA-LD with a model and its baselines, and report on it.
    Evaluate(evaluate::Options),
    /// Learn, watch and attack real services, and report on it (root).
    Scenarios(scenarios::Options),
    /// Measure speed.
    #[command(subcommand)]
    Bench(bench::Bench),
}

impl Command {
    /// Runs the command.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Corpus(options) => corpus::command(&options)?,
            Self::Train(options) => train::command(&options)?,
            Self::ExportOnnx(options) => export::command(&options)?,
            Self::Evaluate(options) => evaluate::command(&options)?,
            Self::Scenarios(options) => scenarios::command(&options)?,
            Self::Bench(bench) => bench.run()?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where tests find ADFA-LD: `MONITOR_ADFA_LD`, or `../shared/adfa-ld` beside the workspace.
#[cfg(test)]
fn adfa_ld() -> Option<std::path::PathBuf> {
    let named = std::env::var_os("MONITOR_ADFA_LD").map(std::path::PathBuf::from);
    let beside = || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/adfa-ld");
    let path = named.unwrap_or_else(beside);
    path.is_dir().then_some(path)
}
