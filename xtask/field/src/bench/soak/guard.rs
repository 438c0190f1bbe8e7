//! A guard over many services for a long time: services come and go, are restarted and attacked,
//! and the configuration is read again. Does its memory stay flat, do its counters agree with what
//! was made, and does every incident replay?

mod asked;
mod counted;
mod incidents;
mod report;
mod sample;
mod shell;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use nix::sys::signal::Signal;
use serde::Serialize;
use serde_json::Value;

use super::{GOOD, Options};
use crate::bench::overhead::Place;
use crate::scenarios::tool::Running;
use asked::ask;
use counted::Counted;
pub use report::Report;
use sample::{Counters, Sample};
use shell::Shell;
use support::machine::Machine;
use support::stop;

/// Periods that a run is divided into: something is restarted and a sample taken in each.
const PERIODS: f64 = 90.0;

/// Periods from one attack to the next, and from one reload to the next.
const ATTACK: u32 = 4;
const RELOAD: u32 = 10;

/// Periods for which a service is learned at least.
const LEARNING: f64 = 5.0;

/// The run as all parts of it need to know it.
struct Run<'a> {
    folder: &'a Path,
    /// What every service's name begins with.
    prefix: String,
    period: Duration,
    length: Duration,
    begun: Instant,
    /// Set when nothing is to begin any more.
    over: AtomicBool,
}

impl Run<'_> {
    fn socket(&self) -> PathBuf {
        self.folder.join("monitor.sock")
    }

    fn metrics(&self) -> PathBuf {
        self.folder.join("metrics.sock")
    }

    fn alarm_log(&self) -> PathBuf {
        self.folder.join("alarms.jsonl")
    }

    fn unit(&self, what: &str, number: u32) -> String {
        format!("{}-{what}-{number}.service", self.prefix)
    }

    /// Whether the run is over, or `until` of it.
    fn is_over(&self, until: Duration) -> bool {
        self.over.load(Ordering::Relaxed) || self.begun.elapsed() >= until
    }

    /// How the host or a service of it stands.
    fn status(&self, path: &str) -> Result<Value> {
        let text = ask(&self.socket(), path)?;
        serde_json::from_str(&text).with_context(|| path.to_owned())
    }

    /// Calls of a service that were seen, and those that were lost; none before it is known.
    fn calls(&self, unit: &str) -> Result<(u64, u64)> {
        let status = self.status("/v1/status")?;
        let key = format!("unit:{unit}");
        let mut services = status["services"].as_array().into_iter().flatten();
        let it = services.find(|it| it["service"] == key.as_str());
        let number = |name: &str| it.and_then(|it| it[name].as_u64()).unwrap_or(0);
        Ok((number("calls"), number("lost")))
    }

    /// Writes the configuration; every other one allows another number of alarms a minute.
    fn configure(&self, number: u32) -> Result<()> {
        let text = format!(
            "[discovery]\ninclude = [\"{}-*\"]\n[learning]\nat_least = \
             \"{}s\"\n[alarms]\nper_minute = {}\n",
            self.prefix,
            self.period.mul_f64(LEARNING).as_secs(),
            10 + number % 2
        );
        fs::write(self.folder.join("monitor.toml"), text).context("the configuration")
    }
}

/// An attack, and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Attack {
    minute: f64,
    service: String,
    what: &'static str,
    /// Alarms of its service within a period.
    alarms: u64,
}

/// Runs it.
///
/// # Errors
/// What does not start, ends by itself, or does not answer.
pub fn run(options: &Options, place: &Place, folder: &Path) -> Result<Report> {
    let length = Duration::from_secs_f64(options.minutes * 60.0);
    let run = Run {
        folder,
        prefix: format!("soak-{}", std::process::id()),
        period: length.div_f64(PERIODS).max(Duration::from_secs(5)),
        length,
        begun: Instant::now(),
        over: AtomicBool::new(false),
    };
    run.configure(0)?;
    let mut guard = start(options, place, &run)?;
    wait_until_attached(&run, &mut guard)?;
    let run = Run {
        begun: Instant::now(),
        ..run
    };

    let shells = (options.services / 4).max(1);
    let counted: Vec<_> = (0..options.services - shells)
        .map(|number| Counted::new(&run, number, options.services - shells, options.rate))
        .collect();
    let mut shells: Vec<_> = (0..shells)
        .map(|number| Shell::new(&run, number))
        .collect::<Result<_>>()?;
    let (lives, sampled) = thread::scope(|scope| {
        let workers: Vec<_> = counted
            .iter()
            .map(|it| scope.spawn(|| it.live(&run)))
            .collect();
        let sampled = go_on(&run, &mut guard, &mut shells);
        run.over.store(sampled.is_err(), Ordering::Relaxed);
        let mut lives = Vec::new();
        for worker in workers {
            let lived = worker.join().map_err(|_| anyhow!("a service panicked"))?;
            lives.extend(lived.inspect_err(|why| eprintln!("{why:#}"))?);
        }
        Ok::<_, anyhow::Error>((lives, sampled?))
    })?;
    drop(shells);
    let (samples, attacks, mut counters) = sampled;
    let seconds = run.begun.elapsed().as_secs_f64();
    counters.look(&ask(&run.metrics(), "/metrics")?);
    let status = run.status("/v1/status")?;
    guard.signal(Signal::SIGINT);
    let ended = guard.wait(Duration::from_secs(120))?;
    guard.ensure_good(ended, &GOOD)?;

    Ok(Report {
        format: 1,
        machine: Machine::this(),
        minutes: seconds / 60.0,
        services: options.services,
        samples,
        lives,
        attacks,
        counters,
        replays: incidents::replay(place, &run)?,
        status,
    })
}

fn start(options: &Options, place: &Place, run: &Run<'_>) -> Result<Running> {
    let mut command = place.monitor(&["guard"]);
    command
        .arg("--config")
        .arg(run.folder.join("monitor.toml"))
        .arg("--state")
        .arg(run.folder.join("state"))
        .arg("--socket")
        .arg(run.socket())
        .arg("--metrics")
        .arg(format!("unix:{}", run.metrics().display()))
        .arg("--alarm-log")
        .arg(run.alarm_log())
        .args(["--format", "json", "--no-thread-ends"])
        .args(&options.monitor_option)
        .stdout(File::create(run.folder.join("verdicts.jsonl"))?);
    Running::start_quietly(command)
}

fn wait_until_attached(run: &Run<'_>, guard: &mut Running) -> Result<()> {
    for _ in 0..600 {
        if let Some(status) = guard.ended()? {
            return Err(guard.blamed(anyhow!("it ended by itself: {status}")));
        }
        if run
            .status("/v1/status")
            .is_ok_and(|it| it["attached"] == true)
        {
            return Ok(());
        }
        stop::sleep(Duration::from_millis(100))?;
    }
    bail!("the guard does not attach its probe within a minute")
}

/// What the services are made to do beside their loads, period by period, and what is seen of the
/// guard meanwhile.
fn go_on(
    run: &Run<'_>,
    guard: &mut Running,
    shells: &mut [Shell],
) -> Result<(Vec<Sample>, Vec<Attack>, Counters)> {
    for shell in &mut *shells {
        shell.start()?;
    }
    let (mut samples, mut attacks) = (Vec::new(), Vec::<Attack>::new());
    let mut counters = Counters::default();
    let mut alarms_before = 0;
    for period in 1_u32.. {
        let due = run.period * period;
        if due >= run.length {
            break;
        }
        stop::sleep(due.saturating_sub(run.begun.elapsed()))?;
        if let Some(status) = guard.ended()? {
            return Err(guard.blamed(anyhow!("it ended by itself: {status}")));
        }
        let status = run.status("/v1/status")?;
        counters.look(&ask(&run.metrics(), "/metrics")?);
        let minute = run.begun.elapsed().as_secs_f64() / 60.0;
        let sample = Sample::take(guard.pid(), minute, &status)?;
        eprintln!("{}", serde_json::to_string(&sample)?);
        samples.push(sample);
        if let Some(last) = attacks.last_mut().filter(|_| period % ATTACK == 1) {
            last.alarms = shell::alarms(&status, &last.service).saturating_sub(alarms_before);
            eprintln!("{}", serde_json::to_string(last)?);
        }

        let which = (period / ATTACK) as usize % shells.len();
        match period % ATTACK {
            0 => {
                let shell = &mut shells[which];
                alarms_before = shell::alarms(&status, shell.unit());
                let what = shell.attack(period / ATTACK)?;
                attacks.push(Attack {
                    minute,
                    service: shell.unit().to_owned(),
                    what,
                    alarms: 0,
                });
            }
            // Not the one that was attacked last.
            2 => {
                let others = shells.len();
                shells[(which + 1) % others].restart()?;
            }
            _ => {}
        }
        if period % RELOAD == 0 {
            run.configure(period / RELOAD)?;
            guard.signal(Signal::SIGHUP);
        }
    }
    Ok((samples, attacks, counters))
}
