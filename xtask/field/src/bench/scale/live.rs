//! Real threads that a real monitor watches.

mod run;

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use nix::sys::signal::Signal;
use serde::Serialize;

use super::Options;
use super::kernel::{self, Map};
use crate::bench::load::{self, Kind, Load};
use crate::bench::overhead::{Place, wait_for_descriptors};
use crate::scenarios::tool::Running;
pub use run::Run;
use support::machine::{resident_kib, status_number};
use support::stop;

/// How long a profile is learned from each of its two loads at most, seconds.
const LESSON: f64 = 20.0;

/// How often memory is read.
const SAMPLE: Duration = Duration::from_millis(250);

/// The monitor's default for `--max-threads`, and what is left free in a table above it.
const TABLE: u32 = 10_240;
const FREE: u32 = 240;

/// The runs.
#[derive(Clone, Debug, Serialize)]
pub struct Live {
    /// Calls a second that the load was asked for.
    pub rate: u64,
    /// Seconds of a run.
    pub seconds: f64,
    /// `--max-threads` of the monitor.
    pub max_threads: u32,
    /// Without a profile and with one, each with one thread and with all.
    pub runs: Vec<Run>,
    /// The monitor's maps.
    pub maps: Vec<Map>,
}

/// Measures.
///
/// # Errors
/// A process does not start or fails.
pub fn measure(options: &Options) -> Result<Live> {
    let place = Place::with(options.monitor.as_deref(), options.onnxruntime.as_deref())?;
    stop::listen()?;
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let profile = folder.path().join("profile");
    let teach = |threads| start(options, threads, LESSON.min(options.live_seconds));
    let (mut one, mut all) = (teach(1)?, teach(options.live_threads)?);
    place.learn(&[one.pid(), all.pid()], &profile, || {
        one.work()?;
        all.work().map(drop)
    })?;
    drop((one, all));
    let max_threads = TABLE.max(options.live_threads.saturating_add(FREE));
    let (mut runs, mut maps) = (Vec::new(), Vec::new());
    for profile in [None, Some(profile.as_path())] {
        for threads in [1, options.live_threads] {
            eprintln!(
                "{threads} real threads, {}",
                if profile.is_some() {
                    "with a profile"
                } else {
                    "without a profile"
                }
            );
            let (run, its) = watch(options, &place, profile, threads, max_threads)?;
            runs.push(run);
            maps = its;
        }
    }
    Ok(Live {
        rate: options.live_rate,
        seconds: options.live_seconds,
        max_threads,
        runs,
        maps,
    })
}

fn start(options: &Options, threads: u32, seconds: f64) -> Result<Load> {
    Load::start(&load::Options {
        kind: Kind::Mixed,
        threads,
        rate: Some(options.live_rate),
        seconds,
        wait: true,
    })
}

fn watch(
    options: &Options,
    place: &Place,
    profile: Option<&Path>,
    threads: u32,
    max_threads: u32,
) -> Result<(Run, Vec<Map>)> {
    let mut load = start(options, threads, options.live_seconds)?;
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let told = folder.path().join("told.jsonl");
    let mut command = place.monitor(&[]);
    command.arg(format!("--pid={}", load.pid()));
    command.arg(format!("--max-threads={max_threads}"));
    // So that every call is judged: one that was passed over leaves less behind.
    command.arg("--cpu=none");
    command.args(["--no-alarm-log", "--format=json", "--status-interval=1"]);
    match profile {
        Some(profile) => command.arg("--profile").arg(profile),
        None => command.arg("--no-learn"),
    };
    command.stdout(File::create(&told)?);
    let mut monitor = Running::start_quietly(command)?;
    wait_for_descriptors(&mut monitor, "bpf_link", 4)?;
    load.begin()?;
    let length = Duration::from_secs_f64(options.live_seconds);
    let resident_kib = sample(&mut monitor, load.pid(), threads, length)?;
    let maps = kernel::maps(monitor.pid());
    let done = load.done()?;
    // The last windows are a flush interval old by then.
    stop::sleep(Duration::from_secs(2))?;
    let highest_kib = status_number(monitor.pid(), "VmHWM")?;
    monitor.signal(Signal::SIGINT);
    let status = monitor.wait(Duration::from_secs(120))?;
    // 3 says that there were alarms.
    monitor.ensure_good(status, &[0, 3])?;
    let run = Run::of(
        &fs::read_to_string(&told)?,
        Run {
            profile: profile.is_some(),
            threads,
            resident_kib,
            highest_kib,
            ..Run::new(&done)
        },
    )?;
    Ok((run, maps))
}

/// The monitor's resident memory when the load's threads are about to end, KiB.
fn sample(monitor: &mut Running, load: u32, threads: u32, length: Duration) -> Result<u64> {
    // The first one, which starts the others, makes no calls then.
    let all = u64::from(threads) + u64::from(threads > 1);
    let patience = Instant::now();
    while status_number(load, "Threads")? < all {
        if patience.elapsed() > Duration::from_secs(60) {
            bail!("the load has not started {threads} threads within 60 s");
        }
        stop::sleep(SAMPLE / 10)?;
    }
    let (begun, mut last) = (Instant::now(), resident_kib(monitor.pid())?);
    while begun.elapsed() + SAMPLE * 2 < length {
        stop::sleep(SAMPLE)?;
        if let Some(status) = monitor.ended()? {
            return Err(monitor.blamed(anyhow!("it ended by itself: {status}")));
        }
        let found = resident_kib(monitor.pid())?;
        if status_number(load, "Threads")? >= all {
            last = found;
        }
    }
    Ok(last)
}

impl Live {
    /// The run of the same kind with one thread, which the others are measured from.
    pub fn base(&self, of: &Run) -> Option<&Run> {
        let mut alone = self.runs.iter().filter(|run| run.threads == 1);
        alone.find(|run| run.profile == of.profile)
    }

    /// What the kernel holds for the monitor's tables, bytes.
    pub fn kernel_bytes(&self) -> u64 {
        self.maps.iter().map(|map| map.memory_bytes).sum()
    }
}
