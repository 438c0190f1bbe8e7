//! Incidents, and the times when a service is not seen, as JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::alarm::{FirstSeenRecord, ModelRecord, ProfileRecord, first_seen, judged_by};
use super::schema::SCHEMA;
use crate::detect::blind::Blind;
use crate::detect::severity::Severity;
use crate::incident::{Change, Incident, State};
use crate::report::sink::Origin;
use crate::run::snapshot::ModelIdentity;
use crate::who::Who;

/// The line of an incident.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct IncidentRecord {
    /// Version of the schema.
    pub schema: u32,
    /// `incident`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Tells it from every other incident and alarm for ever.
    pub id: String,
    /// Whether it opened, changed or closed.
    pub state: State,
    /// Why it is reported again.
    pub changes: Vec<Change>,
    /// The service; empty where nobody named one.
    pub service: String,
    /// How bad it is by now.
    pub severity: Severity,
    /// What happened, in plain words.
    pub headline: String,
    /// Where a replayed one came from; `null` live.
    pub source: Option<String>,
    /// When this is said, nanoseconds of `CLOCK_MONOTONIC`.
    pub time_ns: u64,
    /// The same as RFC 3339 in UTC, where it is known.
    pub time: Option<String>,
    /// When its first alarm was made.
    pub opened_ns: u64,
    /// The same as RFC 3339.
    pub opened: Option<String>,
    /// When its last alarm was made.
    pub last_ns: u64,
    /// Alarms in it.
    pub alarms: u64,
    /// Those of them that said nothing new.
    pub alike: u64,
    /// What the service never did before, the heaviest first.
    pub first_seen: Vec<FirstSeenRecord>,
    /// Techniques of MITRE ATT&CK that are certain, each once.
    #[serde(default)]
    pub techniques: Vec<String>,
    /// Ids of its alarms, oldest first.
    pub alarm_ids: Vec<String>,
    /// Id of its heaviest alarm.
    pub alarm: String,
    /// Process of that alarm.
    pub pid: u32,
    /// Its name, escaped.
    pub comm: String,
    /// Host, user, programs, unit and container of that alarm.
    pub who: Option<Arc<Who>>,
    /// Whether it rests on nothing that was learned of the service.
    pub provisional: bool,
    /// The same for incidents alike.
    pub fingerprint: String,
    /// Why a person suppressed incidents like it.
    pub suppressed: Option<String>,
    /// Which model judged.
    pub model: Option<ModelRecord>,
    /// By which profile, if by one.
    pub profile: Option<ProfileRecord>,
}

impl IncidentRecord {
    /// The line of `incident`.
    #[must_use]
    pub fn new(incident: &Incident, origin: &Origin, model: Option<&ModelIdentity>) -> Self {
        let time = |time_ns| origin.clock.timestamp(time_ns).map(|at| at.to_string());
        Self {
            schema: SCHEMA,
            kind: "incident".into(),
            id: incident.id.clone(),
            state: incident.state,
            changes: incident.changes.clone(),
            service: incident.service.to_string(),
            severity: incident.severity,
            headline: incident.headline.clone(),
            source: origin.name.clone(),
            time_ns: incident.time_ns,
            time: time(incident.time_ns),
            opened_ns: incident.opened_ns,
            opened: time(incident.opened_ns),
            last_ns: incident.last_ns,
            alarms: incident.alarms,
            alike: incident.alike,
            first_seen: incident.first_seen.iter().map(first_seen).collect(),
            techniques: incident.techniques().map(str::to_owned).collect(),
            alarm_ids: incident.alarm_ids.clone(),
            alarm: incident.alarm.id.clone(),
            pid: incident.alarm.thread.tgid,
            comm: incident.alarm.comm.to_string(),
            who: incident.alarm.who.clone(),
            provisional: incident.provisional,
            fingerprint: incident.fingerprint.clone(),
            suppressed: incident.suppressed.clone(),
            model: model.map(ModelRecord::from),
            profile: judged_by(&incident.alarm, model),
        }
    }
}

/// The line of a service that is not seen any more, or is seen again.
#[derive(Clone, Debug, Serialize)]
pub struct BlindRecord {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    state: &'static str,
    service: String,
    source: Option<String>,
    since_ns: u64,
    since: Option<String>,
    until_ns: Option<u64>,
    until: Option<String>,
    lost: u64,
    threads: u64,
}

impl BlindRecord {
    /// The line of `blind`.
    #[must_use]
    pub fn new(blind: &Blind, origin: &Origin) -> Self {
        let time = |time_ns| origin.clock.timestamp(time_ns).map(|at| at.to_string());
        Self {
            schema: SCHEMA,
            kind: "blind",
            state: match blind.until_ns {
                None => "opened",
                Some(_) => "closed",
            },
            service: blind.service.to_string(),
            source: origin.name.clone(),
            since_ns: blind.since_ns,
            since: time(blind.since_ns),
            until_ns: blind.until_ns,
            until: blind.until_ns.and_then(time),
            lost: blind.lost,
            threads: blind.threads,
        }
    }
}
