//! `cargo xtask bench load`: a process that makes system calls, as fast as it can or at a stated
//! pace.
//!
//! The other measurements start it as a process of its own, so that a monitor can watch it by its
//! id.

mod kind;
mod pace;
mod process;

use std::io::{self, BufRead as _, Write as _};
use std::sync::{RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde::{Deserialize, Serialize};

pub use kind::{Kind, Operation};
pub use process::Load;

/// Options of `cargo xtask bench load`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// What is done over and over.
    #[arg(long, value_enum, default_value_t = Kind::Getppid)]
    pub kind: Kind,
    /// Threads that do it.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub threads: u32,
    /// System calls a second, all threads together [default: as many as there is time for].
    #[arg(long)]
    pub rate: Option<u64>,
    /// Seconds.
    #[arg(long, default_value_t = 1.0)]
    pub seconds: f64,
    /// Begin when a line comes on standard input, again and again until it ends.
    #[arg(long)]
    pub wait: bool,
}

/// What a load did.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Done {
    /// Operations.
    pub operations: u64,
    /// System calls, those that keep the pace included.
    pub calls: u64,
    /// Seconds that it took.
    pub seconds: f64,
    /// Of these, on a CPU, over all threads.
    pub cpu_seconds: f64,
    /// `CLOCK_MONOTONIC` at the beginning, nanoseconds.
    pub begun_ns: u64,
}

/// Runs the command.
///
/// # Errors
/// What a kind of load needs and does not get.
pub fn command(options: &Options) -> Result<()> {
    let mut lines = io::stdin().lock().lines();
    // A single thread is the process's first, and its operation is there before it is told to
    // begin: some tools do not see threads that are made after they attached.
    let mut single = (options.threads == 1)
        .then(|| options.kind.start(0))
        .transpose()?;
    if options.wait {
        announce(&"ready")?;
    }
    loop {
        if options.wait && lines.next().transpose()?.is_none() {
            return Ok(());
        }
        announce(&match &mut single {
            Some(operation) => alone(options, &mut **operation)?,
            None => together(options)?,
        })?;
        if !options.wait {
            return Ok(());
        }
    }
}

impl Options {
    fn length(&self) -> Result<Duration> {
        Duration::try_from_secs_f64(self.seconds).context("--seconds")
    }

    /// The pace of one thread.
    fn pace(&self, operation: &dyn Operation) -> Option<pace::Pace> {
        let share = f64::from(self.threads) * operation.calls() as f64;
        self.rate.map(|rate| pace::Pace::new(rate as f64 / share))
    }
}

fn announce(what: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, what)?;
    writeln!(out).and_then(|()| out.flush()).context("stdout")
}

/// Makes the load in this thread.
fn alone(options: &Options, operation: &mut dyn Operation) -> Result<Done> {
    let length = options.length()?;
    let (begun, begun_ns) = (Instant::now(), pace::monotonic_ns());
    let pace = options.pace(operation);
    let part = pace::repeat(operation, length, pace, 0.0)?;
    Ok(Done {
        operations: part.operations,
        calls: part.calls,
        seconds: begun.elapsed().as_secs_f64(),
        cpu_seconds: part.cpu_seconds,
        begun_ns,
    })
}

/// Makes the load in new threads.
fn together(options: &Options) -> Result<Done> {
    let length = options.length()?;
    let threads = options.threads as usize;
    // Held closed while the threads start, so that all begin at once; false lets them go home.
    let gate = RwLock::new(false);
    let (ready, waiting) = mpsc::channel();
    thread::scope(|scope| {
        let mut open = gate.write().map_err(|_| anyhow!("the gate"))?;
        let mut workers = Vec::with_capacity(threads);
        for lane in 0..threads {
            let (gate, ready) = (&gate, ready.clone());
            let work = move || {
                let made = options.kind.start(lane);
                let _ = ready.send(());
                let begin = gate.read().is_ok_and(|open| *open);
                let mut operation = made?;
                if !begin {
                    bail!("it was not begun");
                }
                let pace = options.pace(&*operation);
                let share = lane as f64 / threads as f64;
                pace::repeat(&mut *operation, length, pace, share)
            };
            workers.push(
                thread::Builder::new()
                    .name("load".into())
                    .stack_size(1 << 16)
                    .spawn_scoped(scope, work)
                    .with_context(|| format!("cannot start thread {lane}"))?,
            );
        }
        for _ in 0..threads {
            waiting.recv()?;
        }
        *open = true;
        let (begun, begun_ns) = (Instant::now(), pace::monotonic_ns());
        drop(open);
        let mut done = Done {
            operations: 0,
            calls: 0,
            seconds: 0.0,
            cpu_seconds: 0.0,
            begun_ns,
        };
        for worker in workers {
            let Ok(part) = worker.join() else {
                bail!("a thread of the load panicked");
            };
            let part = part?;
            done.operations += part.operations;
            done.calls += part.calls;
            done.cpu_seconds += part.cpu_seconds;
        }
        done.seconds = begun.elapsed().as_secs_f64();
        Ok(done)
    })
}

#[cfg(test)]
mod tests {
    use super::{Kind, Options, alone, together};

    fn options(kind: Kind) -> Options {
        Options {
            kind,
            threads: 2,
            rate: None,
            seconds: 0.05,
            wait: false,
        }
    }

    #[test]
    fn every_kind_does_something_and_counts_its_calls() {
        for kind in [
            Kind::Getppid,
            Kind::Open,
            Kind::Files,
            Kind::Pipe,
            Kind::Mixed,
        ] {
            let done = together(&options(kind)).expect("a load");
            assert!(done.operations > 0 && done.calls >= done.operations);
            assert!(done.seconds >= 0.05 && done.cpu_seconds > 0.0, "{done:?}");
        }
    }

    #[test]
    fn a_paced_load_makes_no_more_than_it_was_asked_for() {
        let mut options = Options {
            rate: Some(10_000),
            seconds: 0.5,
            ..options(Kind::Getppid)
        };
        let fits = |made: u64| made <= 5_000 && made > 100;
        let done = together(&options).expect("a load");
        assert!(fits(done.operations), "{done:?}");
        options.threads = 1;
        let mut operation = Kind::Getppid.start(0).expect("a load");
        let done = alone(&options, &mut *operation).expect("a load");
        assert!(fits(done.operations), "{done:?}");
    }
}
