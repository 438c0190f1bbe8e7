//! What is measured: a workload that is up, and what one of its operations costs.

use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

/// One measurement.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Measured {
    /// Nanoseconds that an operation took, by the wall clock.
    pub wall_ns: f64,
    /// Nanoseconds of CPU time that the watched processes used for one.
    pub cpu_ns: f64,
}

/// A workload that is up and waits.
pub trait Subject {
    /// The processes to watch.
    fn pids(&self) -> Vec<u32>;

    /// Measures it for this time.
    ///
    /// # Errors
    /// It does not work.
    fn measure(&mut self, length: Duration) -> Result<Measured>;
}

impl Measured {
    /// From operations and the seconds that they took, by the clock and on a CPU.
    ///
    /// # Errors
    /// There was no operation.
    pub fn new(operations: f64, seconds: f64, cpu_seconds: f64) -> Result<Self> {
        anyhow::ensure!(operations > 0.0, "it did nothing");
        Ok(Self {
            wall_ns: seconds * 1e9 / operations,
            cpu_ns: cpu_seconds * 1e9 / operations,
        })
    }
}
