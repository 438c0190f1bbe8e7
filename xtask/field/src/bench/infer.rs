//! `cargo xtask bench infer`: microseconds a call, through the monitor's detector and as a plain
//! loop over the same weights.

mod case;
mod plain;
mod report;
mod weights;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use monitor::model::Model;

use case::Case;
use report::{Report, Row};
use support::machine::Machine;
use support::page::Publish;
use trainer::runtime;
use weights::Weights;

/// Threads that make calls at the same time.
const BATCHES: [usize; 2] = [1, 16];

/// Calls of each thread that are scored together.
const LENGTHS: [usize; 3] = [1, 16, 32];

/// Options of `cargo xtask bench infer`.
#[derive(Args, Debug)]
pub struct Options {
    /// The model folder; a stateful fp32 one.
    #[arg(long, value_name = "FOLDER", default_value = "models/default")]
    model: PathBuf,
    /// Rounds, each measuring everything once.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// Milliseconds that each measurement of a round takes.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    milliseconds: u64,
    #[command(flatten)]
    publish: Publish,
    /// libonnxruntime [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// A model that cannot be loaded or that the plain loop cannot compute, a file that cannot be
/// written.
pub fn command(options: &Options) -> Result<()> {
    let runtime = runtime::load(options.onnxruntime.as_deref())?;
    let path = options.model.join("model.onnx");
    let onnx = fs::read(&path).with_context(|| path.display().to_string())?;
    let weights = Weights::read(&onnx).with_context(|| path.display().to_string())?;
    let mut cases = Vec::new();
    for threads in BATCHES {
        for calls in LENGTHS {
            cases.push(Case::new(
                &runtime,
                &options.model,
                &weights,
                threads,
                calls,
            )?);
        }
    }
    let enough = Duration::from_millis(options.milliseconds);
    for round in 0..=options.rounds {
        for case in &mut cases {
            let detector = case.time(enough, Case::detector)?;
            let plain = case.time(enough, Case::plain)?;
            // The first round warms caches and memory up.
            if round > 0 {
                case.detector_us.push(detector);
                case.plain_us.push(plain);
            }
        }
        eprint!("\rround {round} of {}", options.rounds);
    }
    eprintln!();
    let rows: Vec<Row> = cases.iter().map(Case::row).collect();
    let manifest = Model::load(&runtime, &options.model)?.manifest().clone();
    let report = Report {
        format: 2,
        model: &manifest.name,
        model_sha256: &manifest.model_sha256,
        parameters: manifest.parameters,
        machine: Machine::this(),
        rounds: options.rounds,
        milliseconds: options.milliseconds,
        rows: &rows,
    };
    options
        .publish
        .publish("infer", &report, &report.markdown())
}
