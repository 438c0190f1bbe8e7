//! `cargo xtask bench cascade`: what is found, and what is wrong, when the LSTM sees only a share
//! of the calls that ask for it.
//!
//! Nothing here is timed: the figures do not depend on the machine.

mod adfa;
mod interleaved;
mod report;
mod suite;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::scenarios::watcher::Monitor;
use evaluation::measure::Bootstrap;
use support::page::Publish;
use support::revision::git_revision;
use trainer::runtime;
use xtask::build::release;
use xtask::setup;

/// What the LSTM may see, percent of the calls that ask for it.
const SHARES: [f64; 5] = [100.0, 30.0, 10.0, 3.0, 0.0];

/// The false alarms that the monitor is asked for.
const BUDGET: &str = "0.1/million";

/// Options of `cargo xtask bench cascade`.
#[derive(Args, Debug)]
pub struct Options {
    /// A folder that `cargo xtask scenarios --work FOLDER` left; further ones are of further
    /// services.
    #[arg(long = "suite", value_name = "FOLDER")]
    suites: Vec<PathBuf>,
    /// ADFA-LD's folder or zip.
    #[arg(long, value_name = "PATH", env = "MONITOR_ADFA_LD")]
    data: Option<PathBuf>,
    /// Bootstrap draws.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    draws: u32,
    /// Seed of the bootstrap, and of the order in which the traces' threads begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The monitor [default: the release build, built now].
    #[arg(long, value_name = "FILE")]
    monitor: Option<PathBuf>,
    /// libonnxruntime [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    #[command(flatten)]
    publish: Publish,
}

/// All that was measured.
#[derive(Debug, Serialize)]
struct Report {
    format: u32,
    revision: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    suite: Option<suite::Suites>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adfa_ld: Option<adfa::Measured>,
}

/// Runs the command.
///
/// # Errors
/// There is nothing to measure on, it cannot be read, or the monitor fails.
pub fn command(options: &Options) -> Result<()> {
    ensure!(
        !options.suites.is_empty() || options.data.is_some(),
        "there is nothing to measure on: name a folder of the suite (--suite), ADFA-LD (--data), \
         or both"
    );
    // Now: when it is done, it may be another.
    let revision = git_revision();
    let onnxruntime = match &options.onnxruntime {
        Some(library) => library.clone(),
        None => setup::setup()?.onnxruntime,
    };
    let runtime = runtime::load(Some(&onnxruntime))?;
    let adfa_ld = options.data.as_ref().map(|data| {
        let bootstrap = Bootstrap {
            replicates: options.draws as usize,
            seed: options.seed,
        };
        adfa::measure(&runtime, data, bootstrap)
    });
    let suite = if options.suites.is_empty() {
        None
    } else {
        let monitor = Monitor {
            program: options.monitor.clone().map_or_else(release, Ok)?,
            onnxruntime,
            budget: BUDGET.to_owned(),
            options: Vec::new(),
        };
        Some(suite::measure(&monitor, &options.suites)?)
    };
    let report = Report {
        format: 1,
        revision,
        suite,
        adfa_ld: adfa_ld.transpose()?,
    };
    let tables = report.markdown();
    options.publish.publish("cascade", &report, &tables)
}
