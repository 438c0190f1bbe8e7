//! Alarms and thread ends as JSON, and alarms back from it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::detect::severity::Severity;
use crate::detect::verdict::{Evidence, Pace};
use crate::who::Who;

mod record;

mod forth;

mod back;

mod error;

pub use error::AlarmError;
pub use forth::{bits, first_seen, judged_by, named};

pub use back::calls_back;
pub(crate) use back::place;
pub use record::{
    CallRecord, ExpectedRecord, FirstKind, FirstSeenRecord, FlightRecord, KinRecord, ModelRecord,
    PairRecord, ProfileRecord, ReasonRecord, SuppressedKind, SurprisingRecord, TouchRecord,
};

/// The line of an alarm.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AlarmRecord {
    /// Version of the schema.
    pub schema: u32,
    /// `alarm`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Tells this alarm from every other for ever.
    pub id: String,
    /// The service; empty where nobody named one.
    #[serde(default)]
    pub service: String,
    /// How bad what it says is.
    #[serde(default)]
    pub severity: Severity,
    /// Why nobody was told.
    #[serde(default)]
    pub suppressed: Option<SuppressedKind>,
    /// The alarm that it is like.
    #[serde(default)]
    pub like: Option<String>,
    /// Whether nothing that was learned of the service judged it.
    #[serde(default)]
    pub provisional: bool,
    /// Where a replayed one came from; `null` live.
    pub source: Option<String>,
    /// `CLOCK_MONOTONIC` of the call that raised it, nanoseconds.
    pub time_ns: u64,
    /// The same as RFC 3339 in UTC, where it is known.
    pub time: Option<String>,
    /// Thread group id.
    pub pid: u32,
    /// Thread id.
    pub tid: u32,
    /// When the thread began, nanoseconds since boot.
    pub start_ns: u64,
    /// Its name, everything but printable ASCII escaped.
    pub comm: String,
    /// Which score crossed by the largest factor.
    pub pace: Pace,
    /// That score, nats a call; of `first_seen`, nats.
    pub score: f64,
    /// The same as the 16 hexadecimal digits of its IEEE 754 bits.
    pub score_bits: String,
    /// What it had to exceed.
    pub threshold: f64,
    /// Every score that crossed.
    #[serde(default)]
    pub reasons: Vec<ReasonRecord>,
    /// What the service never did before.
    #[serde(default)]
    pub first_seen: Vec<FirstSeenRecord>,
    /// Whether the stretch is whole.
    pub evidence: Evidence,
    /// What surprised most.
    pub surprising: Vec<SurprisingRecord>,
    /// The calls to replay.
    pub flight: FlightRecord,
    /// The processes from the first one under watch down to the thread's.
    #[serde(default)]
    pub lineage: Vec<KinRecord>,
    /// Host, user, programs, unit and container.
    #[serde(default)]
    pub who: Option<Arc<Who>>,
    /// Which model judged.
    pub model: Option<ModelRecord>,
    /// By which profile, if by one.
    #[serde(default)]
    pub profile: Option<ProfileRecord>,
}

#[cfg(test)]
mod tests;
