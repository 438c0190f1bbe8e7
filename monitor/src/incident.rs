//! What a person is told: alarms that belong together are one incident.
//!
//! Nothing here reads a clock or a file: [`Incidents`] takes alarms in the order of the detector
//! and gives statements.

pub mod ids;

pub mod headline;

pub mod grouping;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::detect::verdict::Alarm;
use crate::profile::first_seen::FirstSeen;

pub use crate::detect::severity::Severity;
pub use grouping::Incidents;

/// One statement about an incident: it opened, changed, or closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Tells it from every other incident and alarm for ever: a ULID.
    pub id: String,
    /// What happened to it.
    pub state: State,
    /// Why it is reported again; empty but for [`State::Updated`].
    pub changes: Vec<Change>,
    /// The service that it concerns.
    pub service: Arc<str>,
    /// How bad it is by now: it never falls.
    pub severity: Severity,
    /// What happened, in a line of plain words.
    pub headline: String,
    /// When the call of its first alarm was made (see [`crate::syscall::event::Event::time_ns`]).
    pub opened_ns: u64,
    /// When the call of its last alarm was made.
    pub last_ns: u64,
    /// When this statement is made, by the same clock.
    pub time_ns: u64,
    /// Alarms in it, the suppressed ones included.
    pub alarms: u64,
    /// Alarms that said nothing that an earlier one had not, since it was last reported and before.
    pub alike: u64,
    /// What the service never did before, over all its alarms: at most [`MOST_FIRSTS`], the
    /// heaviest.
    pub first_seen: Vec<FirstSeen>,
    /// Ids of its alarms, oldest first: at most [`MOST_ALARMS`], the first and the latest.
    pub alarm_ids: Vec<String>,
    /// Its heaviest alarm, which says who, where and why.
    pub alarm: Arc<Alarm>,
    /// Every alarm rests on nothing that was learned of the service, or on too little of this
    /// release of it.
    pub provisional: bool,
    /// The same for incidents alike: a person can suppress them by it.
    pub fingerprint: String,
    /// A person suppressed incidents like it: why. It is logged and not shown.
    pub suppressed: Option<String>,
}

impl Incident {
    /// Techniques of MITRE ATT&CK that are certain, each once, that of the heaviest new thing
    /// first.
    pub fn techniques(&self) -> impl Iterator<Item = &'static str> {
        let mut told = Vec::new();
        for technique in self.first_seen.iter().filter_map(FirstSeen::technique) {
            if !told.contains(&technique) {
                told.push(technique);
            }
        }
        told.into_iter()
    }
}

/// First-seen things that an incident names at most.
pub const MOST_FIRSTS: usize = 64;

/// Alarms that an incident names at most.
pub const MOST_ALARMS: usize = 64;

/// What happened to an incident.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its first alarm was raised.
    Opened,
    /// Something new or markedly worse came.
    Updated,
    /// It was calm for long enough.
    Closed,
}

/// Why an incident is reported again.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The service did something that it never did before, and no alarm of the incident had named
    /// it.
    FirstSeen,
    /// A score is at least a quarter higher than any that was reported.
    Score,
    /// The severity rose.
    Severity,
    /// Alarms that were alike came again and again.
    Repeated,
}
