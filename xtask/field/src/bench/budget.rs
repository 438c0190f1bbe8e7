//! `cargo xtask bench budget`: does the monitor keep to `--cpu`, at low and at high rates of calls?

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use nix::sys::signal::Signal;
use procfs::process::Process;
use serde::Serialize;
use serde_json::Value;

use super::load::{self, Kind, Load};
use super::overhead::{Place, need_root, wait_for_descriptors};
use crate::scenarios::tool::Running;
use support::machine::Machine;
use support::page::Publish;
use support::stop;

/// Options of `cargo xtask bench budget`.
#[derive(Args, Debug)]
pub struct Options {
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 60.0)]
    seconds: f64,
    /// Calls a second, each measured.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    rates: Vec<u64>,
    /// Budgets, percent of one core, each measured.
    #[arg(long, value_delimiter = ',', default_value = "10,25")]
    budgets: Vec<u32>,
    /// What the load does.
    #[arg(long, value_enum, default_value_t = Kind::Mixed)]
    kind: Kind,
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
#[derive(Serialize)]
struct Report {
    format: u32,
    machine: Machine,
    seconds: f64,
    kind: &'static str,
    rows: Vec<Row>,
}

/// One run of the monitor.
#[derive(Serialize)]
struct Row {
    profile: bool,
    allowed_percent: u32,
    asked_rate: u64,
    calls_a_second: f64,
    used_percent: f64,
    /// Of the calls that asked the LSTM; `None` when none did.
    model_share_percent: Option<f64>,
    calls: u64,
    lost: u64,
}

/// Runs the command.
///
/// # Errors
/// Not root, a process that does not start or fails, a file that cannot be written.
pub fn command(options: &Options) -> Result<()> {
    need_root()?;
    let place = Place::with(options.monitor.as_deref(), options.onnxruntime.as_deref())?;
    stop::listen()?;
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let profile = folder.path().join("profile");
    let mut teacher = start(options.kind, 200_000, 10.0)?;
    place.learn(&[teacher.pid()], &profile, || teacher.work().map(drop))?;
    drop(teacher);
    let mut rows = Vec::new();
    for known in [false, true] {
        for &allowed in &options.budgets {
            for &rate in &options.rates {
                let profile = known.then_some(&profile);
                rows.push(measure(options, &place, profile, allowed, rate)?);
            }
        }
    }
    let report = Report {
        format: 1,
        machine: Machine::this(),
        seconds: options.seconds,
        kind: options.kind.name(),
        rows,
    };
    options
        .publish
        .publish("budget", &report, &report.markdown())
}

fn start(kind: Kind, rate: u64, seconds: f64) -> Result<Load> {
    Load::start(&load::Options {
        kind,
        threads: 4,
        rate: Some(rate),
        seconds,
        wait: true,
    })
}

fn measure(
    options: &Options,
    place: &Place,
    profile: Option<&PathBuf>,
    allowed: u32,
    rate: u64,
) -> Result<Row> {
    let mut load = start(options.kind, rate, options.seconds)?;
    let folder = tempfile::tempdir().context("cannot make a folder")?;
    let told = folder.path().join("told.jsonl");
    let mut command = place.monitor(&[]);
    command.arg(format!("--pid={}", load.pid()));
    command.arg(format!("--cpu={allowed}%"));
    command.args(["--no-alarm-log", "--format", "json"]);
    match profile {
        Some(profile) => command.arg("--profile").arg(profile),
        None => command.arg("--no-learn"),
    };
    command.stdout(File::create(&told)?);
    let mut monitor = Running::start_quietly(command)?;
    wait_for_descriptors(&mut monitor, "bpf_link", 4)?;
    let before = cpu_s(monitor.pid())?;
    let done = load.work()?;
    let used = cpu_s(monitor.pid())? - before;
    monitor.signal(Signal::SIGINT);
    let status = monitor.wait(Duration::from_secs(60))?;
    // 3 says that there were alarms.
    monitor.ensure_good(status, &[0, 3])?;
    let text = fs::read_to_string(&told)?;
    let summary: Value = serde_json::from_str(text.lines().last().context("no summary")?)?;
    let number = |name: &str| summary[name].as_u64().unwrap_or(0);
    let (asked, answered) = (number("asked"), number("answered"));
    Ok(Row {
        profile: profile.is_some(),
        allowed_percent: allowed,
        asked_rate: rate,
        calls_a_second: done.calls as f64 / done.seconds,
        used_percent: 100.0 * used / done.seconds,
        model_share_percent: (asked > 0).then(|| 100.0 * answered as f64 / asked as f64),
        calls: done.calls,
        lost: number("lost"),
    })
}

/// CPU time of a process so far, user and system, seconds.
fn cpu_s(pid: u32) -> Result<f64> {
    let stat = Process::new(pid.cast_signed())?.stat()?;
    Ok((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64)
}

impl Report {
    fn markdown(&self) -> String {
        let mut text = format!(
            "Each {:.0} s, four threads of `bench load --kind {}`, on {}.\n\n\
             | Profile | Allowed | Calls/s asked for | made | CPU used, of one core | of what is \
             allowed | The LSTM saw, of what asked it | Lost |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|\n",
            self.seconds,
            self.kind,
            self.machine.sentence()
        );
        for row in &self.rows {
            let share = row
                .model_share_percent
                .map_or("nothing asked".to_owned(), |share| format!("{share:.2}%"));
            text += &format!(
                "| {} | {}% | {} | {:.0} | {:.1}% | {:.2} | {share} | {:.3}% |\n",
                if row.profile { "its own" } else { "none" },
                row.allowed_percent,
                row.asked_rate,
                row.calls_a_second,
                row.used_percent,
                row.used_percent / f64::from(row.allowed_percent),
                100.0 * row.lost as f64 / row.calls.max(1) as f64,
            );
        }
        text
    }
}
