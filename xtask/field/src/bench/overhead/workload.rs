//! What is watched.

use std::time::Duration;

use anyhow::Result;
use serde::{Serialize, Serializer};

use super::service::{Nginx, Redis};
use super::subject::{Measured, Subject};
use crate::bench::load::{Kind, Load, Options};

/// A workload.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Workload {
    /// A loop of the cheapest call.
    Getppid,
    /// A known file opened and closed.
    Open,
    /// Files made, written, read and removed.
    Files,
    /// A byte to another thread and back.
    Pipe,
    /// nginx under wrk.
    Nginx,
    /// redis under redis-benchmark.
    Redis,
}

impl std::fmt::Display for Workload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Workload {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl Workload {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Getppid,
        Self::Open,
        Self::Files,
        Self::Pipe,
        Self::Nginx,
        Self::Redis,
    ];

    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Getppid => "getppid",
            Self::Open => "open",
            Self::Files => "files",
            Self::Pipe => "pipe",
            Self::Nginx => "nginx",
            Self::Redis => "redis",
        }
    }

    /// What one operation is.
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Getppid => "a `getppid`",
            Self::Open => "open and close of `/dev/null`",
            Self::Files => {
                "open, write, fstat, read and close of a file of 4 KiB in memory, and unlink"
            }
            Self::Pipe => "a byte through a pipe to another thread and another back (4 calls)",
            Self::Nginx => {
                "a request to nginx (one worker, 1 KiB file, access log on) under `wrk -t1 -c16`"
            }
            Self::Redis => "a GET or SET at redis under `redis-benchmark -c 16`",
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// A program of it is missing or does not start.
    pub fn start(self, length: Duration) -> Result<Box<dyn Subject>> {
        let load = |kind| -> Result<Box<dyn Subject>> {
            Ok(Box::new(Load::start(&Options {
                kind,
                threads: 1,
                rate: None,
                seconds: length.as_secs_f64(),
                wait: true,
            })?))
        };
        match self {
            Self::Getppid => load(Kind::Getppid),
            Self::Open => load(Kind::Open),
            Self::Files => load(Kind::Files),
            Self::Pipe => load(Kind::Pipe),
            Self::Nginx => Ok(Box::new(Nginx::start()?)),
            Self::Redis => Ok(Box::new(Redis::start()?)),
        }
    }
}

impl Subject for Load {
    fn pids(&self) -> Vec<u32> {
        vec![self.pid()]
    }

    fn measure(&mut self, _: Duration) -> Result<Measured> {
        let done = self.work()?;
        Measured::new(done.operations as f64, done.seconds, done.cpu_seconds)
    }
}
