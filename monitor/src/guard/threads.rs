//! The threads of a service with their last calls, for whoever looks: made when it is asked.

use serde::{Deserialize, Serialize};

use crate::detect::detector::{Nearness, Tail, TailCall};
use crate::detect::verdict::{Evidence, Pace};
use crate::report::text::{call_name, index_name};

/// Threads that are shown, those nearest to a threshold first.
pub(super) const MOST_THREADS: usize = 64;

/// Calls of each that are shown.
pub(super) const MOST_CALLS: usize = 32;

/// The threads of a service.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct ServiceThreads {
    /// The service's key.
    pub service: String,
    /// Whether it is judged: before, its calls have no surprise and its threads are not listed.
    pub judged: bool,
    /// What is lacking until it is watched, in words.
    pub lacking: Vec<String>,
    /// Its threads: at most 64, those nearest to a threshold first.
    pub threads: Vec<ThreadStatus>,
    /// Threads that are not among them.
    pub left_out: u64,
}

/// A thread and its last calls.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ThreadStatus {
    /// Its process.
    pub pid: u32,
    /// The thread.
    pub tid: u32,
    /// Its name, escaped.
    pub comm: String,
    /// Calls that it made since it began.
    pub calls: u64,
    /// Calls of it that were lost.
    pub lost: u64,
    /// When it last did something, nanoseconds of `CLOCK_MONOTONIC`.
    pub last_ns: u64,
    /// The score that is nearest to its threshold.
    pub nearest: Option<ScoreStatus>,
    /// Whether all of its last calls were seen.
    pub evidence: Evidence,
    /// Its last calls, oldest first: at most 32.
    pub last: Vec<CallStatus>,
}

/// An anomaly score and its threshold.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct ScoreStatus {
    /// Which score.
    pub pace: Pace,
    /// The score, in nats a call or in nats.
    pub score: f64,
    /// What it must exceed.
    pub threshold: f64,
}

/// A call and how surprising it was.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CallStatus {
    /// Its name.
    pub call: String,
    /// Its surprise, nats; `None` where too little came before it.
    pub nats: Option<f32>,
    /// Whether the service never made it after the calls before it.
    #[serde(default)]
    pub breaks: bool,
    /// What was expected in its place with which probability, likeliest first; only of a surprising
    /// call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<(String, f32)>,
}

impl From<Nearness> for ScoreStatus {
    fn from(it: Nearness) -> Self {
        Self {
            pace: it.pace,
            score: it.score,
            threshold: it.threshold,
        }
    }
}

impl ScoreStatus {
    /// The score as a multiple of its threshold.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.score / self.threshold
    }
}

impl From<TailCall> for CallStatus {
    fn from(it: TailCall) -> Self {
        let name = |call, index| match call {
            Some(call) => call_name(call),
            None => index_name(index),
        };
        Self {
            call: call_name(it.call),
            nats: it.surprise,
            breaks: it.breaks,
            expected: it
                .expected
                .iter()
                .map(|it| (name(it.call, it.index), it.probability))
                .collect(),
        }
    }
}

impl From<Tail> for ThreadStatus {
    fn from(it: Tail) -> Self {
        Self {
            pid: it.thread.tgid,
            tid: it.thread.tid,
            comm: it.comm.to_string(),
            calls: it.calls,
            lost: it.lost,
            last_ns: it.time_ns,
            nearest: it.nearest.map(Into::into),
            evidence: it.evidence,
            last: it.last.into_iter().map(Into::into).collect(),
        }
    }
}
