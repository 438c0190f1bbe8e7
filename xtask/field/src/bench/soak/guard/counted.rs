//! A service of which is known to the call what it made: a paced load that ends by itself and is
//! started again.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::Run;
use crate::bench::load::{Kind, Load, Options};
use crate::scenarios::cgroup::Cgroup;
use support::stop;

/// What such services do.
const KINDS: [Kind; 4] = [Kind::Mixed, Kind::Files, Kind::Open, Kind::Pipe];

/// How long its count stays the same once all of a life is counted: what shows it does so once a
/// second.
const STILL: Duration = Duration::from_secs(4);

/// How long the guard may be behind.
const PATIENCE: Duration = Duration::from_secs(120);

/// A service.
pub struct Counted {
    unit: String,
    kind: Kind,
    /// Calls a second.
    rate: u64,
    /// Of its first life, so that not all begin at once, and of the others.
    lengths: (Duration, Duration),
}

/// One life of it.
#[derive(Clone, Debug, Serialize)]
pub struct Life {
    pub service: String,
    pub kind: &'static str,
    /// Seconds of load.
    pub seconds: f64,
    /// Calls of the load; what starting and ending takes is not among them.
    pub made: u64,
    /// Calls that the guard counted in this life, and those of them that were lost; negative where
    /// a count fell.
    pub counted: i64,
    pub lost: i64,
}

impl Life {
    /// Calls that were counted beyond the load's own.
    pub fn beyond(&self) -> i64 {
        self.counted - self.made as i64
    }
}

impl Counted {
    /// The service of this number, of `of` that share `rate`.
    pub fn new(run: &Run<'_>, number: u32, of: u32, rate: u64) -> Self {
        Self {
            unit: run.unit("counted", number),
            kind: KINDS[number as usize % KINDS.len()],
            rate: rate / u64::from(of),
            lengths: (run.period * (number + 1), run.period * of),
        }
    }

    /// Lives on and on until the run is over.
    ///
    /// # Errors
    /// A load that fails, or a guard that does not answer.
    pub fn live(&self, run: &Run<'_>) -> Result<Vec<Life>> {
        let mut lives = Vec::new();
        let mut length = self.lengths.0;
        let mut before = 0;
        let mut lost_before = 0;
        while !run.is_over(run.length) {
            let left = run.length.saturating_sub(run.begun.elapsed());
            let done = self.once(length.min(left.max(Duration::from_secs(1))))?;
            let (seen, lost) = self.settled(run).context(self.unit.clone())?;
            let life = Life {
                service: self.unit.clone(),
                kind: self.kind.name(),
                seconds: done.seconds,
                made: done.calls,
                counted: (seen + lost) as i64 - before,
                lost: lost as i64 - lost_before,
            };
            eprintln!("{}", serde_json::to_string(&life)?);
            lives.push(life);
            (before, lost_before) = ((seen + lost) as i64, lost as i64);
            length = self.lengths.1;
        }
        Ok(lives)
    }

    /// What was seen and lost in all, once that grows no more.
    fn settled(&self, run: &Run<'_>) -> Result<(u64, u64)> {
        let until = Instant::now() + PATIENCE;
        let mut before = run.calls(&self.unit)?;
        loop {
            stop::sleep(STILL)?;
            let now = run.calls(&self.unit)?;
            if now == before || Instant::now() > until {
                return Ok(now);
            }
            before = now;
        }
    }

    fn once(&self, length: Duration) -> Result<crate::bench::load::Done> {
        let cgroup = Cgroup::create(&format!("system.slice/{}", self.unit))?;
        let mut load = Load::start_in(
            &cgroup,
            &Options {
                kind: self.kind,
                threads: 2,
                rate: Some(self.rate),
                seconds: length.as_secs_f64(),
                wait: true,
            },
        )?;
        let done = load.work()?;
        load.end()?;
        Ok(done)
    }
}
