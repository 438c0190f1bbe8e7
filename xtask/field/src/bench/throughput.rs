//! `cargo xtask bench throughput`: calls a second without loss, what each stage costs, and how old
//! a call is when it is judged.

mod measure;
mod meter;
mod report;
mod stages;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use serde::Serialize;

use super::overhead::{Place, need_root};
use meter::Told;
use support::machine::Machine;
use support::page::Publish;
use support::spread::Spread;
use support::stop;
use trainer::runtime;

/// Options of `cargo xtask bench throughput`.
#[derive(Args, Debug)]
pub struct Options {
    /// Rounds of what is measured more than once.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// Seconds of each measurement of a round.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Calls a second that are to be captured without loss.
    #[arg(long, default_value_t = 2_000_000)]
    capture_rate: u64,
    /// For how many seconds.
    #[arg(long, default_value_t = 60.0)]
    capture_seconds: f64,
    /// Calls a second at which latency is measured.
    #[arg(long, value_delimiter = ',', default_value = "1000,50000,500000")]
    rates: Vec<u64>,
    /// The monitor [default: the release build, built now].
    #[arg(long, value_name = "FILE")]
    monitor: Option<PathBuf>,
    #[command(flatten)]
    publish: Publish,
    /// libonnxruntime [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

/// All that was measured.
#[derive(Serialize)]
struct Report {
    format: u32,
    machine: Machine,
    rounds: u32,
    seconds: f64,
    capture: Capture,
    stages: Vec<Stage>,
    latencies: Vec<Latency>,
}

/// The long run of the capture.
#[derive(Serialize)]
struct Capture {
    seconds: f64,
    /// Calls that were made a second.
    made: f64,
    told: Told,
}

/// What a stage costs.
#[derive(Serialize)]
struct Stage {
    name: &'static str,
    /// Nanoseconds of CPU time a call.
    ns: Spread,
}

/// How old calls are when they are judged.
#[derive(Serialize)]
struct Latency {
    rate: u64,
    engine: &'static str,
    median_ms: Spread,
    p99_ms: Spread,
    /// Share of the calls that were not judged because the scorer did not keep up.
    unscored: Spread,
    lost: u64,
}

/// Runs the command.
///
/// # Errors
/// Not root, a build that fails, a file that cannot be written.
pub fn command(options: &Options) -> Result<()> {
    need_root()?;
    // First: it runs the set-up, which brings the library.
    let place = Place::with(options.monitor.as_deref(), options.onnxruntime.as_deref())?;
    let runtime = runtime::load(options.onnxruntime.as_deref())?;
    let program = meter::build()?;
    stop::listen()?;
    let folder = std::env::temp_dir().join(format!("monitor-throughput-{}", std::process::id()));
    fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
    let measured = measure::all(options, &place, &program, &runtime, &folder);
    let _ = fs::remove_dir_all(&folder);
    let report = measured?;
    options
        .publish
        .publish("throughput", &report, &report.markdown())
}
