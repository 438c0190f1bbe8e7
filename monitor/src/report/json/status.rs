//! The state of a run as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::alarm::{ModelRecord, ProfileRecord};
use super::schema::SCHEMA;
use crate::run::snapshot::{ModelIdentity, OutputStatus, Snapshot, Summary};
use crate::syscall::table;

/// The line of the periodic status.
#[derive(Clone, Debug, Serialize)]
pub struct StatusRecord {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    state: State,
}

/// The line at the end of a run.
#[derive(Clone, Debug, Serialize)]
pub struct SummaryRecord {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    state: State,
    cpu_s: f64,
    model: Option<ModelRecord>,
    profile: Option<ProfileRecord>,
    thresholds: Option<Thresholds>,
}

#[derive(Clone, Debug, Serialize)]
struct State {
    elapsed_s: f64,
    watched_threads: Option<u64>,
    watched_processes: Option<u64>,
    attachment: Option<&'static str>,
    threads: u64,
    open_threads: u64,
    received: u64,
    calls: u64,
    scored: u64,
    restarts: u64,
    repeated: u64,
    evicted: u64,
    lost: u64,
    lost_by_reason: BTreeMap<&'static str, u64>,
    missed: BTreeMap<&'static str, u64>,
    unscored: u64,
    unscored_lifecycle: u64,
    gaps: u64,
    asked: u64,
    answered: u64,
    model_share: Option<f64>,
    cpu_allowed: Option<f64>,
    cpu_exhausted: bool,
    alarms: u64,
    alike: u64,
    suppressed: u64,
    incidents: u64,
    open_incidents: u64,
    blind: bool,
    blind_since_ns: Option<u64>,
    blind_s: f64,
    current_mean: Option<f64>,
    highest_mean: Option<f64>,
    coverage: CoverageRecord,
    io_uring_enter: u64,
    outputs: Vec<OutputStatus>,
}

#[derive(Clone, Debug, Serialize)]
struct CoverageRecord {
    by_name: u64,
    by_meaning: u64,
    unmapped: u64,
    commonest_unmapped: Vec<UnmappedRecord>,
}

#[derive(Clone, Debug, Serialize)]
struct UnmappedRecord {
    abi: &'static str,
    number: u32,
    name: Option<&'static str>,
    count: u64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Thresholds {
    slow: f64,
    fast: f64,
    sequence: Option<f64>,
    first_seen: Option<f64>,
}

impl State {
    fn new(snapshot: &Snapshot) -> Self {
        let counters = &snapshot.counters;
        let coverage = &counters.coverage;
        Self {
            elapsed_s: snapshot.elapsed.as_secs_f64(),
            watched_threads: snapshot.source.threads,
            watched_processes: snapshot.source.processes,
            attachment: snapshot.source.attachment,
            threads: counters.threads,
            open_threads: counters.open_threads,
            received: snapshot.source.received,
            calls: counters.calls,
            scored: counters.scored,
            restarts: counters.restarts,
            repeated: counters.repeated,
            evicted: counters.evicted,
            lost: snapshot.lost_calls(),
            lost_by_reason: snapshot.source.lost.iter().copied().collect(),
            missed: snapshot.source.missed.iter().copied().collect(),
            unscored: snapshot.unscored.calls,
            unscored_lifecycle: snapshot.unscored.lifecycle,
            gaps: counters.gaps,
            alarms: counters.alarms,
            asked: counters.asked,
            answered: counters.answered,
            model_share: counters.model_share(),
            cpu_allowed: snapshot.cpu_allowed,
            cpu_exhausted: snapshot.cpu_exhausted,
            alike: counters.alike,
            suppressed: counters.suppressed,
            incidents: snapshot.incidents.0,
            open_incidents: snapshot.incidents.1,
            blind: counters.blind_since_ns.is_some(),
            blind_since_ns: counters.blind_since_ns,
            blind_s: counters.blind_ns as f64 / 1e9,
            current_mean: counters.current_mean,
            highest_mean: counters.highest_mean,
            coverage: CoverageRecord {
                by_name: coverage.by_name,
                by_meaning: coverage.by_meaning,
                unmapped: coverage.unmapped,
                commonest_unmapped: coverage
                    .commonest_unmapped
                    .iter()
                    .map(|&(call, count)| UnmappedRecord {
                        abi: table::abi_name(call.abi),
                        number: call.number,
                        name: table::name(call),
                        count,
                    })
                    .collect(),
            },
            io_uring_enter: counters.io_uring_enter,
            outputs: snapshot.outputs.clone(),
        }
    }
}

impl StatusRecord {
    /// The line of `snapshot`.
    #[must_use]
    pub fn new(snapshot: &Snapshot) -> Self {
        Self {
            schema: SCHEMA,
            kind: "status",
            state: State::new(snapshot),
        }
    }
}

impl SummaryRecord {
    /// The line of `summary`; `model` is `None` in a run that scores nothing.
    #[must_use]
    pub fn new(summary: &Summary, model: Option<&ModelIdentity>) -> Self {
        Self {
            schema: SCHEMA,
            kind: "summary",
            state: State::new(&summary.snapshot),
            cpu_s: summary.cpu.as_secs_f64(),
            model: model.map(ModelRecord::from),
            profile: model
                .and_then(|model| model.profile.as_ref())
                .map(ProfileRecord::from),
            thresholds: model.map(|model| Thresholds {
                slow: model.slow_threshold,
                fast: model.fast_threshold,
                sequence: model.profile.as_ref().map(|it| it.sequence_threshold),
                first_seen: model.profile.as_ref().map(|it| it.first_seen_threshold),
            }),
        }
    }
}
