//! Repeats an operation for a time, at full speed or at a pace.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::time::{ClockId, clock_gettime};

use super::kind::Operation;

/// Operations fall due by slices of this length: sleeping once for each of many would cost more
/// than they do.
const SLICE: Duration = Duration::from_millis(1);

/// A pace.
pub struct Pace {
    operations_a_second: f64,
}

/// What one thread did.
pub struct Part {
    pub operations: u64,
    pub calls: u64,
    pub cpu_seconds: f64,
}

impl Pace {
    pub fn new(operations_a_second: f64) -> Self {
        Self {
            operations_a_second,
        }
    }

    /// Operations that are due after this time.
    fn due(&self, elapsed: Duration) -> u64 {
        (elapsed.as_secs_f64() * self.operations_a_second) as u64
    }

    /// How long until the next slice in which one is due. Slow threads sleep longer than a slice.
    fn pause(&self, done: u64, elapsed: Duration) -> Duration {
        let next = Duration::try_from_secs_f64((done + 1) as f64 / self.operations_a_second)
            .unwrap_or(Duration::MAX);
        next.saturating_sub(elapsed).max(SLICE)
    }
}

/// `CLOCK_MONOTONIC`, nanoseconds.
pub fn monotonic_ns() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| Duration::from(now).as_nanos() as u64)
}

/// Repeats `operation` for `length`. `share` (0 to 1) is where in its period a thread with a pace
/// begins, so that not all wake at once.
///
/// # Errors
/// When the operation fails or a clock cannot be read.
pub fn repeat(
    operation: &mut dyn Operation,
    length: Duration,
    pace: Option<Pace>,
    share: f64,
) -> Result<Part> {
    let cpu_before = cpu()?;
    let begun = Instant::now();
    let (operations, sleeps) = match pace {
        None => (flat_out(operation, begun, length)?, 0),
        Some(pace) => paced(operation, begun, length, &pace, share)?,
    };
    Ok(Part {
        operations,
        calls: operations * operation.calls() + sleeps,
        cpu_seconds: (cpu()? - cpu_before).as_secs_f64(),
    })
}

fn flat_out(operation: &mut dyn Operation, begun: Instant, length: Duration) -> io::Result<u64> {
    let step = operation.between_looks();
    let mut operations = 0;
    while begun.elapsed() < length {
        for _ in 0..step {
            operation.once()?;
        }
        operations += step;
    }
    Ok(operations)
}

fn paced(
    operation: &mut dyn Operation,
    begun: Instant,
    length: Duration,
    pace: &Pace,
    share: f64,
) -> io::Result<(u64, u64)> {
    let late = pace
        .pause(0, Duration::ZERO)
        .min(length)
        .mul_f64(share.clamp(0.0, 1.0));
    thread::sleep(late);
    let working = || begun.elapsed().saturating_sub(late);
    let (mut operations, mut sleeps) = (0, 1);
    loop {
        let elapsed = working();
        if begun.elapsed() >= length {
            return Ok((operations, sleeps));
        }
        // What a thread that was kept waiting owes is not made up for at once: that would be a
        // burst.
        let due = pace.due(elapsed).min(operations + pace.due(SLICE * 20) + 1);
        while operations < due {
            operation.once()?;
            operations += 1;
        }
        let pause = pace.pause(operations, working());
        thread::sleep(pause.min(length.saturating_sub(begun.elapsed())));
        sleeps += 1;
    }
}

/// CPU time of this thread.
fn cpu() -> Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    time.map(Duration::from).context("the thread's CPU clock")
}
