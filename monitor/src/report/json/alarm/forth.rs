//! From an alarm to its line.

use super::{
    AlarmRecord, CallRecord, ExpectedRecord, FirstKind, FirstSeenRecord, FlightRecord, KinRecord,
    ModelRecord, PairRecord, ProfileRecord, ReasonRecord, SuppressedKind, SurprisingRecord,
    TouchRecord,
};
use crate::detail::Touch;
use crate::detect::severity::Severity;
use crate::detect::verdict::{Alarm, Expected, Suppressed, SurprisingCall};
use crate::profile::first_seen::{First, FirstSeen};
use crate::report::json::schema::SCHEMA;
use crate::report::sink::Origin;
use crate::run::snapshot::ModelIdentity;
use crate::syscall::event::Call;
use crate::syscall::{adfa, table};

impl AlarmRecord {
    /// The line of `alarm`.
    #[must_use]
    pub fn new(alarm: &Alarm, origin: &Origin, model: Option<&ModelIdentity>) -> Self {
        Self {
            schema: SCHEMA,
            kind: "alarm".into(),
            id: alarm.id.clone(),
            service: alarm.service.to_string(),
            severity: Severity::of(alarm),
            suppressed: alarm.suppressed.as_ref().map(|why| match why {
                Suppressed::Alike(_) => SuppressedKind::Alike,
                Suppressed::Rate => SuppressedKind::Rate,
            }),
            like: match &alarm.suppressed {
                Some(Suppressed::Alike(like)) => Some(like.clone()),
                _ => None,
            },
            provisional: alarm.provisional,
            source: origin.name.clone(),
            time_ns: alarm.time_ns,
            time: origin
                .clock
                .timestamp(alarm.time_ns)
                .map(|at| at.to_string()),
            pid: alarm.thread.tgid,
            tid: alarm.thread.tid,
            start_ns: alarm.thread.start_ns,
            comm: alarm.comm.to_string(),
            pace: alarm.pace,
            score: alarm.score,
            score_bits: bits(alarm.score),
            threshold: alarm.threshold,
            reasons: alarm
                .reasons
                .iter()
                .map(|&(pace, score, threshold)| ReasonRecord {
                    pace,
                    score,
                    threshold,
                })
                .collect(),
            first_seen: alarm.first_seen.iter().map(first_seen).collect(),
            evidence: alarm.evidence,
            surprising: alarm.surprising.iter().map(surprising).collect(),
            flight: FlightRecord {
                first_seq: alarm.flight.first_seq,
                calls: alarm.flight.calls.iter().map(named).collect(),
                names: alarm
                    .flight
                    .names
                    .iter()
                    .map(|(seq, comm)| (*seq, comm.to_string()))
                    .collect(),
                touches: alarm.flight.touches.iter().map(touched).collect(),
            },
            lineage: alarm
                .lineage
                .iter()
                .map(|kin| KinRecord {
                    pid: kin.tgid,
                    comm: kin.comm.to_string(),
                    executed: kin.executed,
                })
                .collect(),
            who: alarm.who.clone(),
            model: model.map(ModelRecord::from),
            profile: judged_by(alarm, model),
        }
    }
}

/// The profile that judged an alarm, if one did: its own, or that of all of the run.
#[must_use]
pub fn judged_by(alarm: &Alarm, model: Option<&ModelIdentity>) -> Option<ProfileRecord> {
    let of_run = || model?.profile.as_ref().map(ProfileRecord::from);
    let own = alarm.judged_by.as_ref().map(ProfileRecord::from);
    own.or_else(of_run)
}

/// The bits of a score as they stand in `score_bits`.
#[must_use]
pub fn bits(score: f64) -> String {
    format!("{:016x}", score.to_bits())
}

/// A call as it stands in a line.
#[must_use]
pub fn named(call: &Call) -> CallRecord {
    let name = table::name(*call).map(str::to_owned);
    (table::abi_name(call.abi).to_owned(), call.number, name)
}

fn touched(touch: &Touch) -> TouchRecord {
    let (abi, number, name) = named(&touch.call);
    TouchRecord {
        seq: touch.seq,
        abi,
        number,
        name,
        detail: touch.detail.to_string(),
        outcome: touch.outcome.map(|outcome| outcome.name().to_owned()),
    }
}

fn surprising(one: &SurprisingCall) -> SurprisingRecord {
    let (abi, number, name) = named(&one.call);
    SurprisingRecord {
        seq: one.seq,
        abi,
        number,
        name,
        index: one.index,
        surprise: one.surprise,
        expected: one.expected.iter().map(expected).collect(),
        pair: one.pair.map(|(before, count)| {
            let (abi, number, name) = named(&before);
            PairRecord {
                abi,
                number,
                name,
                count,
            }
        }),
    }
}

fn expected(one: &Expected) -> ExpectedRecord {
    let name = match one.call {
        Some(call) => table::name(call),
        None => adfa::name(one.index),
    };
    ExpectedRecord {
        abi: one.call.map(|call| table::abi_name(call.abi).to_owned()),
        number: one.call.map(|call| call.number),
        index: one.index,
        name: name.map(str::to_owned),
        probability: one.probability,
    }
}

/// Something new as it stands in a line.
#[must_use]
pub fn first_seen(one: &FirstSeen) -> FirstSeenRecord {
    let (kind, comm, call) = match one.what {
        First::Call(call) => (FirstKind::Call, None, Some(call)),
        First::Name(comm) => (FirstKind::ProcessName, Some(comm), None),
        First::CallOfName(comm, call) => (FirstKind::CallOfName, Some(comm), Some(call)),
        First::Touch(_) => (FirstKind::Touch, None, None),
        First::Outcome(..) => (FirstKind::Outcome, None, None),
    };
    let (detail, outcome) = match &one.what {
        First::Touch(detail) => (Some(detail), None),
        First::Outcome(detail, outcome) => (Some(detail), Some(outcome.name())),
        _ => (None, None),
    };
    let (abi, number, name) = match call.as_ref().map(named) {
        Some((abi, number, name)) => (Some(abi), Some(number), name),
        None => (None, None, None),
    };
    FirstSeenRecord {
        seq: one.seq,
        kind,
        comm: comm.map(|comm| comm.to_string()),
        abi,
        number,
        name,
        detail: detail.map(ToString::to_string),
        outcome: outcome.map(str::to_owned),
        technique: one.technique().map(str::to_owned),
        nats: one.nats,
    }
}
