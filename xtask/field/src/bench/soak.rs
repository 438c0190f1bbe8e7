//! `cargo xtask bench soak`: a long run under load. Does memory stay flat, is nothing lost, and
//! does a replay of the recording give the verdicts that the run gave? With `--guard` the same of a
//! guard over many services that come and go.

mod guard;
mod verdicts;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::Args;
use nix::sys::signal::Signal;
use serde::Serialize;

use super::load::{self, Done, Kind, Load};
use super::overhead::{Place, need_root, wait_for_descriptors};
use crate::scenarios::tool::Running;
use support::machine::{Machine, resident_kib};
use support::page::Publish;
use support::stop;
use verdicts::Verdicts;

/// Options of `cargo xtask bench soak`.
#[derive(Args, Debug)]
pub struct Options {
    /// Minutes.
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
    /// Calls a second.
    #[arg(long, default_value_t = 200_000)]
    rate: u64,
    /// Threads that make them.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    threads: u32,
    /// Soak a guard over many services, which are restarted, reloaded and attacked meanwhile.
    #[arg(long)]
    guard: bool,
    /// Services under the guard.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(4..=500), requires = "guard")]
    services: u32,
    /// Keep that folder, with what the guard kept of services and incidents.
    #[arg(long, requires = "guard")]
    keep: bool,
    /// Folder for the recording, about a gigabyte in 30 minutes [default: the system's temporary
    /// one].
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Further options for the monitor and for its replay, as in --monitor-option=--cpu=100%
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    monitor_option: Vec<String>,
    /// The monitor [default: the release build, built now].
    #[arg(long, value_name = "FILE")]
    monitor: Option<PathBuf>,
    #[command(flatten)]
    publish: Publish,
    /// libonnxruntime [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

/// How often memory is read in a run.
const SAMPLES: u32 = 60;

/// What came of it.
#[derive(Serialize)]
struct Report {
    format: u32,
    machine: Machine,
    minutes: f64,
    made: u64,
    calls_a_second: f64,
    /// Resident memory of the monitor over the run, KiB.
    resident_kib: Vec<u64>,
    recording_bytes: u64,
    live: Verdicts,
    replay: Verdicts,
    same_verdicts: bool,
}

/// Runs the command.
///
/// # Errors
/// Not root, a process that does not start or fails, a file that cannot be written.
pub fn command(options: &Options) -> Result<()> {
    need_root()?;
    let place = Place::with(options.monitor.as_deref(), options.onnxruntime.as_deref())?;
    stop::listen()?;
    let above = options.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = above.join(format!("monitor-soak-{}", std::process::id()));
    fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
    let published = if options.guard {
        guard::run(options, &place, &folder)
            .and_then(|it| options.publish.publish("soak-guard", &it, &it.markdown()))
    } else {
        run(options, &place, &folder)
            .and_then(|it| options.publish.publish("soak", &it, &it.markdown()))
    };
    if options.keep {
        println!("{} is kept", folder.display());
    } else {
        let _ = fs::remove_dir_all(&folder);
    }
    published
}

/// How a monitor may end; 3 says that there were alarms.
const GOOD: [i32; 2] = [0, 3];

fn start(kind: Kind, options: &Options, seconds: f64) -> Result<Load> {
    Load::start(&load::Options {
        kind,
        threads: options.threads,
        rate: Some(options.rate),
        seconds,
        wait: true,
    })
}

fn run(options: &Options, place: &Place, folder: &Path) -> Result<Report> {
    let (profile, recording) = (folder.join("profile"), folder.join("recording"));
    let mut teacher = start(Kind::Files, options, 20.0_f64.min(options.minutes * 60.0))?;
    place.learn(&[teacher.pid()], &profile, || teacher.work().map(drop))?;
    drop(teacher);

    let mut load = start(Kind::Files, options, options.minutes * 60.0)?;
    // What the profile does not know, at the end, so that there are verdicts to compare.
    let mut stranger = start(Kind::Pipe, options, 2.0)?;
    let live = folder.join("live.jsonl");
    let mut command = place.monitor(&[]);
    for pid in [load.pid(), stranger.pid()] {
        command.arg(format!("--pid={pid}"));
    }
    command.arg("--record").arg(&recording);
    // The replay has no clock to keep to, and its verdicts are to be the same.
    command.args(["--cpu", "none"]);
    let mut monitor = Running::start_quietly(judging(command, options, &profile, &live)?)?;
    wait_for_descriptors(&mut monitor, "bpf_link", 4)?;

    load.begin()?;
    let resident_kib = sample(
        &mut monitor,
        Duration::from_secs_f64(options.minutes * 60.0),
    )?;
    let done: Done = load.done()?;
    let strange = stranger.work()?;
    // The last windows are a flush interval old by then.
    stop::sleep(Duration::from_millis(500))?;
    monitor.signal(Signal::SIGINT);
    let status = monitor.wait(Duration::from_secs(120))?;
    monitor.ensure_good(status, &GOOD)?;

    let again = folder.join("replay.jsonl");
    let mut command = place.monitor(&["replay"]);
    command.arg(&recording);
    let patience = Duration::from_secs_f64(600.0 + options.minutes * 600.0);
    let mut monitor = Running::start_quietly(judging(command, options, &profile, &again)?)?;
    let status = monitor.wait(patience)?;
    monitor.ensure_good(status, &GOOD)?;
    let (live, replay) = (Verdicts::read(&live)?, Verdicts::read(&again)?);
    Ok(Report {
        format: 1,
        machine: Machine::this(),
        minutes: options.minutes,
        made: done.calls + strange.calls,
        calls_a_second: done.calls as f64 / done.seconds,
        resident_kib,
        recording_bytes: fs::metadata(&recording)?.len(),
        same_verdicts: live.alarms == replay.alarms,
        live,
        replay,
    })
}

fn judging(mut command: Command, options: &Options, profile: &Path, to: &Path) -> Result<Command> {
    command.arg("--profile").arg(profile);
    command.args(["--no-alarm-log", "--format", "json"]);
    command.args(&options.monitor_option);
    let out = File::create(to).with_context(|| to.display().to_string())?;
    command.stdout(out);
    Ok(command)
}

/// Resident memory now and then while the monitor runs, KiB.
fn sample(monitor: &mut Running, length: Duration) -> Result<Vec<u64>> {
    let begun = Instant::now();
    let mut samples = Vec::new();
    for at in 1..=SAMPLES {
        let due = length.mul_f64(f64::from(at) / f64::from(SAMPLES));
        stop::sleep(due.saturating_sub(begun.elapsed()))?;
        if let Some(status) = monitor.ended()? {
            return Err(monitor.blamed(anyhow!("it ended by itself: {status}")));
        }
        samples.push(resident_kib(monitor.pid())?);
    }
    ensure!(!samples.is_empty());
    Ok(samples)
}

impl Report {
    fn markdown(&self) -> String {
        let mib = |kib: u64| kib as f64 / 1024.0;
        // The caches of the first tenth fill up.
        let settled = self.resident_kib.get(self.resident_kib.len() / 10);
        let (settled, last) = (
            settled.copied().unwrap_or(0),
            self.resident_kib.last().copied().unwrap_or(0),
        );
        let highest = self.resident_kib.iter().copied().max().unwrap_or(0);
        format!(
            "{:.1} minutes at {:.0} calls/s, on {}: {} calls were made, {} received, {} lost, {} \
             not scored. Resident memory was {:.1} MiB after a tenth of the run, {:.1} MiB at its \
             end and {:.1} MiB at most. The run gave {} alarms and the replay of its recording \
             ({:.1} MB) {}; {}.\n",
            self.minutes,
            self.calls_a_second,
            self.machine.sentence(),
            self.made,
            self.live.received,
            self.live.lost,
            self.live.unscored,
            mib(settled),
            mib(last),
            mib(highest),
            self.live.alarms.len(),
            self.recording_bytes as f64 / 1e6,
            self.replay.alarms.len(),
            if self.same_verdicts {
                "they are the same, to the bit of the score"
            } else {
                "**they are not the same**"
            }
        )
    }
}
