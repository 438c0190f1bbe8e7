//! What the detector says: an alarm, or how a thread's life went.

use serde::{Deserialize, Serialize};

use crate::syscall::event::{Call, Comm, ThreadKey};

/// One statement of the detector.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A thread behaves unlike what the model knows.
    Alarm(Box<Alarm>),
    /// A thread's stream ended.
    ThreadEnd(ThreadEnd),
}

/// Which running mean crossed its threshold.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Pace {
    /// The mean with the long time constant.
    Slow,
    /// The mean with the short time constant, for bursts.
    Fast,
}

/// Whether every call of the stretch that a verdict rests on was seen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// No call is missing.
    Complete,
    /// Calls were lost inside the stretch: never an alarm by itself.
    Gapped,
}

/// A call that surprised, and what the model expected in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct SurprisingCall {
    /// The call's place in its thread, counted from 0.
    pub seq: u64,
    /// The call.
    pub call: Call,
    /// Its index in the model's vocabulary.
    pub index: u16,
    /// `−ln p(call | the calls before it in this thread)`, in nats.
    pub surprise: f32,
    /// The likeliest calls instead, likeliest first: vocabulary index and probability.
    pub expected: Vec<(u16, f32)>,
}

/// The calls that an alarm rests on: a thread's last calls up to and including the one that
/// raised it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flight {
    /// The place in the thread of the first of these calls, counted from 0.
    pub first_seq: u64,
    /// The calls, at most [`Flight::CALLS`].
    pub calls: Vec<Call>,
}

impl Flight {
    /// How many calls a flight recorder keeps of a thread.
    pub const CALLS: usize = 512;
}

/// A thread behaves unlike what the model knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Tells this alarm from every other of this host; printable ASCII without blanks.
    pub id: String,
    /// When the call that raised it was made (see [`crate::syscall::event::Event::time_ns`]).
    pub time_ns: u64,
    /// The thread.
    pub thread: ThreadKey,
    /// Its name then.
    pub comm: Comm,
    /// Which mean crossed.
    pub pace: Pace,
    /// The running mean of the surprise, in nats a call, computed from `flight` alone: replaying
    /// these calls gives it again to the bit.
    pub score: f64,
    /// What the score had to exceed, in nats a call.
    pub threshold: f64,
    /// Whether the stretch is whole.
    pub evidence: Evidence,
    /// The calls that surprised most, in the order in which they were made.
    pub surprising: Vec<SurprisingCall>,
    /// The calls it rests on.
    pub flight: Flight,
}

/// How a thread's life went.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadEnd {
    /// When its last call was made, or it ended.
    pub time_ns: u64,
    /// The thread.
    pub thread: ThreadKey,
    /// Its last name.
    pub comm: Comm,
    /// Calls that the source counted in it.
    pub calls: u64,
    /// Calls that were scored.
    pub scored: u64,
    /// Calls that were lost before they reached the detector.
    pub lost: u64,
    /// Mean surprise of the scored calls, nats a call; `None` when none was scored.
    pub mean_surprise: Option<f64>,
    /// The highest slow score reached from the
    /// [`LEAST_CALLS`](crate::detect::threshold::LEAST_CALLS)th scored call of a stream on, nats a
    /// call; in a shorter one its last slow score. `None` when none was scored.
    pub highest_score: Option<f64>,
    /// Alarms raised for it.
    pub alarms: u32,
}
