//! `cargo xtask bench overhead`: what being watched costs, and what not being watched costs, beside
//! other tools.

mod configuration;
mod empty;
mod place;
mod process;
mod report;
mod rounds;
mod service;
mod subject;
mod tool;
mod workload;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

pub use configuration::Configuration;
pub use place::Place;
pub use process::{threads, wait_for_descriptors};
use support::page::Publish;
use support::stop;
pub use tool::Tool;
pub use workload::Workload;

/// Options of `cargo xtask bench overhead`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Rounds; each measures every configuration of every workload once, in a random order.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Seconds that a monitor which scores watches the workload before it is measured: its budget
    /// of CPU time finds the LSTM's share meanwhile.
    #[arg(long, default_value_t = 3.0)]
    settle: f64,
    /// What is watched.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Workload::ALL)]
    workloads: Vec<Workload>,
    /// By whom.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Configuration::ALL)]
    configurations: Vec<Configuration>,
    /// The monitor [default: the release build, built now].
    #[arg(long, value_name = "FILE")]
    monitor: Option<PathBuf>,
    /// A profile for the configuration `profile` [default: learned from the workload].
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Order of the configurations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    publish: Publish,
    /// libonnxruntime [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Not root, no monitor, a workload that does not run, a file that cannot be written.
pub fn command(options: &Options) -> Result<()> {
    let place = open(options)?;
    stop::listen()?;
    let measured = rounds::run(options, &place)?;
    let report = report::Report::new(options, &measured);
    options
        .publish
        .publish("overhead", &report, &report.markdown())
}

/// Refuses to go on without what loading a BPF program needs.
///
/// # Errors
/// Then.
pub fn need_root() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!("this needs root: run the same command by sudo -E env \"PATH=$PATH\"");
    }
    Ok(())
}

/// What the options name, for the configurations.
fn open(options: &Options) -> Result<Place> {
    need_root()?;
    let mut place = Place::with(options.monitor.as_deref(), options.onnxruntime.as_deref())?;
    place.profile.clone_from(&options.profile);
    Ok(place)
}
