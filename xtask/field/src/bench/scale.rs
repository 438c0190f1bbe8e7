//! `cargo xtask bench scale`: what threads that are followed take, a process that makes threads
//! without end, how cost grows with calls, threads and processes, and real threads that a real
//! monitor watches.
//!
//! All but the last give the detector synthetic streams. Each size runs in a process of its own, so
//! that what one left behind is not counted for the next.

mod chart;
mod kernel;
mod limits;
mod live;
mod report;
mod slope;
mod streams;
mod sweep;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::overhead::need_root;
use live::Live;
use support::files::write_whole;
use support::machine::Machine;
use support::page::Publish;
use sweep::{Axis, Sweep};
use trainer::runtime;

/// Stretches of a thread that is followed: with a profile its flight recorder is full, without one
/// it is not, as each call goes through the LSTM.
const STRETCHES: (u64, u64) = (4, 16);

/// Folder of the pictures, beside the page.
const PLOTS: &str = "plots";

/// Options of `cargo xtask bench scale`.
#[derive(Args, Debug)]
pub struct Options {
    /// Threads that are followed at once, each measured.
    #[arg(long, value_delimiter = ',', default_value = "100,10000,100000")]
    threads: Vec<u32>,
    /// Short-lived threads of one process beside a long-lived one of another; 0 for none.
    #[arg(long, default_value_t = 10_000_000)]
    short_lived: u64,
    /// Rounds of the sweeps over calls, threads and processes; 0 for none.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Real threads that a real monitor watches, which needs root; 0 for none.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    live_threads: u32,
    /// Calls a second that they make together.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..))]
    live_rate: u64,
    /// Seconds of each run of the monitor.
    #[arg(long, default_value_t = 60.0)]
    live_seconds: f64,
    /// The monitor [default: the release build, built now].
    #[arg(long, value_name = "FILE")]
    monitor: Option<PathBuf>,
    #[command(flatten)]
    publish: Publish,
    /// libonnxruntime [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Measure one case and print it: what this command starts itself by.
    #[arg(long, hide = true, value_name = "CASE")]
    case: Option<String>,
}

/// One measurement, in a process of its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Case {
    /// Whether a profile judges.
    profile: bool,
    /// Threads that are followed at once, or threads that come and go.
    threads: u64,
    /// Processes that they are shared out among.
    processes: u64,
    /// Stretches of calls that each thread makes that stays.
    stretches: u64,
    /// Whether they come and go.
    short_lived: bool,
}

/// What was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Found {
    case: Case,
    /// Resident memory before any thread, with the model loaded and run for many at once, KiB.
    before_kib: u64,
    /// With all threads, KiB; of short-lived ones after each tenth.
    after_kib: Vec<u64>,
    /// Calls made.
    calls: u64,
    /// CPU time that they took, seconds.
    cpu_s: f64,
    /// Threads that the table forgot.
    evicted: u64,
    /// Whether the long-lived thread was still judged in the end.
    judged: bool,
}

/// All that was measured.
#[derive(Serialize)]
struct Report {
    format: u32,
    machine: Machine,
    found: Vec<Found>,
    sweeps: Vec<Sweep>,
    live: Option<Live>,
    /// Why there is no live part.
    live_left_out: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Inference fails, or a file cannot be written.
pub fn command(options: &Options) -> Result<()> {
    if let Some(case) = &options.case {
        let runtime = runtime::load(options.onnxruntime.as_deref())?;
        let case: Case = serde_json::from_str(case).context("--case")?;
        let found = streams::measure(&runtime, case)?;
        println!("{}", serde_json::to_string(&found)?);
        return Ok(());
    }
    let obstacle = live_obstacle(options);
    if obstacle.is_none() {
        // Before all that takes minutes.
        limits::check(options.live_threads.into())?;
    }
    let mut found = Vec::new();
    for profile in [false, true] {
        for &threads in &options.threads {
            let case = Case {
                profile,
                threads: threads.into(),
                processes: 1,
                stretches: stretches(profile),
                short_lived: false,
            };
            found.push(apart(&case, options)?);
        }
    }
    if options.short_lived > 0 {
        let case = Case {
            profile: true,
            threads: options.short_lived,
            processes: 1,
            stretches: 0,
            short_lived: true,
        };
        found.push(apart(&case, options)?);
    }
    let sweeps = sweep::measure(options)?;
    let (live, live_left_out) = match obstacle {
        Some(why) => {
            eprintln!("the live part is left out: {why}");
            (None, Some(why))
        }
        None => (Some(live::measure(options)?), None),
    };
    let report = Report {
        format: 2,
        machine: Machine::this(),
        found,
        sweeps,
        live,
        live_left_out,
    };
    let pictured = match options.publish.page() {
        Some(page) if !report.sweeps.is_empty() => draw(page, &report.sweeps)?,
        _ => false,
    };
    options
        .publish
        .publish("scale", &report, &report.markdown(pictured))
}

/// Why there can be no live part.
fn live_obstacle(options: &Options) -> Option<String> {
    if options.live_threads == 0 {
        return Some("it was not asked for".to_owned());
    }
    need_root().err().map(|error| error.to_string())
}

/// Stretches of a thread.
fn stretches(profile: bool) -> u64 {
    if profile { STRETCHES.1 } else { STRETCHES.0 }
}

/// Draws the pictures into a folder beside the page.
fn draw(page: &Path, sweeps: &[Sweep]) -> Result<bool> {
    let folder = page.with_file_name(PLOTS);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    for axis in Axis::ALL {
        let picture = chart::svg(axis, sweeps)?;
        write_whole(&folder.join(picture_name(axis)), picture.as_bytes())?;
    }
    Ok(true)
}

fn picture_name(axis: Axis) -> String {
    format!("scale-{}.svg", axis.name())
}

/// Measures a case in a process of its own.
fn apart(case: &Case, options: &Options) -> Result<Found> {
    let this = std::env::current_exe().context("this program's own path")?;
    let mut command = Command::new(this);
    command
        .args(["bench", "scale", "--case"])
        .arg(serde_json::to_string(case)?);
    if let Some(library) = &options.onnxruntime {
        command.arg("--onnxruntime").arg(library);
    }
    let out = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start the measurement")?;
    ensure!(
        out.status.success(),
        "the measurement ended with {}",
        out.status
    );
    serde_json::from_slice(&out.stdout).context("what the measurement says")
}

impl Found {
    /// Resident memory at the end, KiB.
    fn last_kib(&self) -> u64 {
        self.after_kib.last().copied().unwrap_or(0)
    }
}
