//! A live run that measures itself: what `cargo xtask bench throughput` and `bench soak` start.
//!
//! `meter PID SECONDS none|model|FILE [LIBRARY]`: watches a process as the monitor does, with no
//! scoring, by the general model, or by the profile in a file, with this libonnxruntime or the one
//! that the monitor finds. Prints `"ready"`, and at the end what was counted, as JSON.

use std::env;
use std::io::{self, Write as _};
use std::mem;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use monitor::detect::counters::Counters;
use monitor::detect::detector::{Detector, Settings};
use monitor::detect::verdict::Verdict;
use monitor::live::probe::Sizes;
use monitor::live::target::Target;
use monitor::live::touch::Details;
use monitor::live::watch::{Options, Watch};
use monitor::model::Model;
use monitor::model::runtime::{Runtime, disable_telemetry};
use monitor::pipeline::unjudged::Unjudged;
use monitor::pipeline::{Engine, EngineError, Parts, Pipeline, Queue};
use monitor::profile::{Thresholds, file};
use monitor::report::sink::Origin;
use monitor::run::clock::{WallClock, monotonic_ns};
use monitor::syscall::event::{Event, EventKind, ServiceId};

/// Latencies by tenths of a millisecond, up to ten seconds.
struct Latencies(Vec<u64>);

const BINS: usize = 100_000;

impl Latencies {
    fn add(&mut self, ns: u64, calls: u64) {
        let bin = (ns / 100_000).min(BINS as u64 - 1) as usize;
        if let Some(bin) = self.0.get_mut(bin) {
            *bin += calls;
        }
    }

    /// Milliseconds, the upper end of the bin.
    fn quantile(&self, share: f64) -> Option<f64> {
        let all: u64 = self.0.iter().sum();
        let wanted = ((all as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let reached = |count: &u64| {
            seen += count;
            seen >= wanted
        };
        let bin = self.0.iter().position(reached)?;
        Some((bin + 1) as f64 / 10.0)
    }
}

/// Takes the time from the first call of every stretch to the end of the round that judged it.
struct Timed {
    inner: Box<dyn Engine>,
    queued: Vec<(u64, u64)>,
    latencies: Arc<Mutex<Latencies>>,
}

impl Engine for Timed {
    fn push(&mut self, event: &Event) {
        if let EventKind::Calls(stretch) = &event.kind {
            self.queued
                .push((event.time_ns, stretch.calls.len() as u64));
        }
        self.inner.push(event);
    }

    fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.inner.score(verdicts)?;
        let now = monotonic_ns();
        let mut latencies = self
            .latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for (begun, calls) in mem::take(&mut self.queued) {
            latencies.add(now.saturating_sub(begun), calls);
        }
        Ok(())
    }

    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.inner.finish(verdicts)
    }

    fn counters(&self) -> Counters {
        self.inner.counters()
    }
}

fn engine(by: &str, library: Option<&Path>) -> Result<Box<dyn Engine>> {
    if by == "none" {
        return Ok(Box::new(Unjudged::default()));
    }
    let model = Model::embedded(&Runtime::load(library)?)?;
    let settings = Settings::default();
    if by == "model" {
        return Ok(Box::new(Detector::new(model, settings)));
    }
    let (profile, _) = file::read(by.as_ref())?;
    // What it says of alarms is not asked here, only how long it takes.
    let thresholds = Thresholds::NEVER;
    let detector = Detector::with_profile(model, profile, thresholds, settings);
    Ok(Box::new(detector))
}

fn main() -> Result<()> {
    // SAFETY: no thread has been started yet.
    unsafe { disable_telemetry() };
    let words: Vec<String> = env::args().skip(1).collect();
    let [pid, seconds, by, library @ ..] = &words[..] else {
        anyhow::bail!("usage: meter PID SECONDS none|model|FILE [LIBRARY]");
    };
    let ring_bytes = 8 << 20;
    let mut watch = Watch::load(Options {
        target: Target::Processes(vec![pid.parse().context("PID")?]),
        follow: true,
        duration: Some(Duration::try_from_secs_f64(
            seconds.parse().context("SECONDS")?,
        )?),
        flush_interval: Duration::from_millis(100),
        sizes: Sizes {
            ring_bytes,
            max_threads: 10_240,
            max_processes: None,
        },
        attachment: None,
        details: Details::Full,
        service: ServiceId::ONLY,
        by_cgroup: false,
    })?;
    let latencies = Arc::new(Mutex::new(Latencies(vec![0; BINS])));
    let engine = Timed {
        inner: engine(by, library.first().map(Path::new))?,
        queued: Vec::new(),
        latencies: Arc::clone(&latencies),
    };
    watch.attach(None)?;
    let (feed, pipeline) = Pipeline::start(Parts {
        engine: Box::new(engine),
        tap: None,
        listeners: Vec::new(),
        reporting: monitor::pipeline::Reporting::default(),
        queue: Queue::of(4096),
        tick: Duration::from_millis(250),
        cpu: None,
    })?;
    let origin = Origin {
        name: None,
        clock: WallClock::Live,
    };
    feed.begin(origin)?;
    println!("\"ready\"");
    io::stdout().flush()?;
    watch.run(None, &feed)?;
    let outcome = pipeline.finish(feed)?;
    let (source, unscored) = (outcome.snapshot.source, outcome.snapshot.unscored);
    let latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
    let told = serde_json::json!({
        "received": source.received,
        "lost": source.lost.iter().map(|it| it.1).sum::<u64>(),
        "unscored": unscored.calls,
        "scored": outcome.snapshot.counters.scored,
        "median_ms": latencies.quantile(0.5),
        "p99_ms": latencies.quantile(0.99),
    });
    println!("{told}");
    Ok(())
}
