//! Alarms and thread ends as JSON, and alarms back from it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::SCHEMA;
use crate::detect::verdict::{Alarm, Evidence, Expected, Flight, Pace, SurprisingCall, ThreadEnd};
use crate::report::sink::Origin;
use crate::report::snapshot::ModelIdentity;
use crate::syscall::event::{Abi, Call};
use crate::syscall::{adfa, table};

/// The line of an alarm.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AlarmRecord {
    /// Version of the schema.
    pub schema: u32,
    /// `alarm`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Tells this alarm from every other of its host.
    pub id: String,
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
    /// Which mean crossed.
    pub pace: Pace,
    /// The mean, nats a call.
    pub score: f64,
    /// The same as the 16 hexadecimal digits of its IEEE 754 bits.
    pub score_bits: String,
    /// What it had to exceed.
    pub threshold: f64,
    /// Whether the stretch is whole.
    pub evidence: Evidence,
    /// What surprised most.
    pub surprising: Vec<SurprisingRecord>,
    /// The calls to replay.
    pub flight: FlightRecord,
    /// Which model judged.
    pub model: Option<ModelRecord>,
}

/// A call that surprised.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SurprisingRecord {
    /// Its place in its thread, from 0.
    pub seq: u64,
    /// Its table.
    pub abi: String,
    /// Its number there.
    pub number: u32,
    /// Its name there.
    pub name: Option<String>,
    /// Its index in the vocabulary.
    pub index: u16,
    /// Nats.
    pub surprise: f32,
    /// What was likelier.
    pub expected: Vec<ExpectedRecord>,
}

/// A call that was expected.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ExpectedRecord {
    /// Index in the vocabulary.
    pub index: u16,
    /// ADFA-LD's name for it; `null` for index 0.
    pub name: Option<String>,
    /// Between 0 and 1.
    pub probability: f32,
}

/// The calls that an alarm rests on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FlightRecord {
    /// The place of the first in its thread.
    pub first_seq: u64,
    /// Table, number and name of each.
    pub calls: Vec<(String, u32, Option<String>)>,
}

/// Which model judged.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ModelRecord {
    /// Its name.
    pub name: String,
    /// SHA-256 of its graph.
    pub sha256: String,
}

impl From<&ModelIdentity> for ModelRecord {
    fn from(model: &ModelIdentity) -> Self {
        Self {
            name: model.name.clone(),
            sha256: model.sha256.clone(),
        }
    }
}

/// Why an alarm cannot be taken back from its line.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum AlarmError {
    /// A schema that this monitor does not know.
    #[error("it has schema {0}, and this monitor reads schema {SCHEMA}")]
    Schema(u32),
    /// An ABI of no table.
    #[error("it names the ABI {0:?}, which this monitor does not know")]
    Abi(String),
    /// No call, or more than a flight recorder holds.
    #[error("its flight has {0} calls; 1 to {max} were expected", max = Flight::CALLS)]
    Length(usize),
    /// The number and its bits are not the same.
    #[error("its score and its score_bits are not the same number")]
    Bits,
}

impl AlarmRecord {
    /// The line of `alarm`.
    #[must_use]
    pub fn new(alarm: &Alarm, origin: &Origin, model: Option<&ModelIdentity>) -> Self {
        Self {
            schema: SCHEMA,
            kind: "alarm".into(),
            id: alarm.id.clone(),
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
            evidence: alarm.evidence,
            surprising: alarm.surprising.iter().map(surprising).collect(),
            flight: FlightRecord {
                first_seq: alarm.flight.first_seq,
                calls: alarm.flight.calls.iter().map(named).collect(),
            },
            model: model.map(ModelRecord::from),
        }
    }

    /// The calls to score again.
    ///
    /// # Errors
    /// When the line is not what this monitor writes.
    pub fn flight(&self) -> Result<Flight, AlarmError> {
        if self.schema != SCHEMA {
            return Err(AlarmError::Schema(self.schema));
        }
        let length = self.flight.calls.len();
        if length == 0 || length > Flight::CALLS {
            return Err(AlarmError::Length(length));
        }
        if bits(self.score) != self.score_bits {
            return Err(AlarmError::Bits);
        }
        let call = |(abi, number, _): &(String, u32, _)| {
            let abi = abi_of(abi).ok_or_else(|| AlarmError::Abi(abi.clone()))?;
            Ok(Call {
                abi,
                number: *number,
            })
        };
        Ok(Flight {
            first_seq: self.flight.first_seq,
            calls: self
                .flight
                .calls
                .iter()
                .map(call)
                .collect::<Result<_, _>>()?,
            names: Vec::new(),
        })
    }
}

/// The bits of a score as they stand in `score_bits`.
#[must_use]
pub fn bits(score: f64) -> String {
    format!("{:016x}", score.to_bits())
}

fn abi_of(name: &str) -> Option<Abi> {
    Abi::ALL
        .into_iter()
        .find(|&abi| table::abi_name(abi) == name)
}

fn named(call: &Call) -> (String, u32, Option<String>) {
    let name = table::name(*call).map(str::to_owned);
    (table::abi_name(call.abi).to_owned(), call.number, name)
}

fn surprising(one: &SurprisingCall) -> SurprisingRecord {
    let (abi, number, name) = named(&one.call);
    let expected = |one: &Expected| ExpectedRecord {
        index: one.index,
        name: match one.call {
            Some(call) => table::name(call),
            None => adfa::name(one.index),
        }
        .map(str::to_owned),
        probability: one.probability,
    };
    SurprisingRecord {
        seq: one.seq,
        abi,
        number,
        name,
        index: one.index,
        surprise: one.surprise,
        expected: one.expected.iter().map(expected).collect(),
    }
}

/// The line of a thread's end.
#[derive(Clone, Debug, Serialize)]
pub struct ThreadEndRecord {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    source: Option<String>,
    time_ns: u64,
    time: Option<String>,
    pid: u32,
    tid: u32,
    start_ns: u64,
    comm: String,
    calls: u64,
    scored: u64,
    lost: u64,
    mean_surprise: Option<f64>,
    highest_score: Option<f64>,
    alarms: u32,
}

impl ThreadEndRecord {
    /// The line of `end`.
    #[must_use]
    pub fn new(end: &ThreadEnd, origin: &Origin) -> Self {
        Self {
            schema: SCHEMA,
            kind: "thread_end",
            source: origin.name.clone(),
            time_ns: end.time_ns,
            time: origin.clock.timestamp(end.time_ns).map(|at| at.to_string()),
            pid: end.thread.tgid,
            tid: end.thread.tid,
            start_ns: end.thread.start_ns,
            comm: end.comm.to_string(),
            calls: end.calls,
            scored: end.scored,
            lost: end.lost,
            mean_surprise: end.mean_surprise,
            highest_score: end.highest_score,
            alarms: end.alarms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AlarmError, AlarmRecord};
    use crate::report::sample;
    use crate::report::sink::Origin;

    fn record() -> AlarmRecord {
        AlarmRecord::new(&sample::alarm(), &Origin::default(), Some(&sample::model()))
    }

    #[test]
    fn an_alarm_comes_back_from_its_line_with_the_same_calls_and_the_same_bits() {
        let mut alarm = sample::alarm();
        // A score whose shortest decimal form needs all 17 digits.
        alarm.score = 0.1 + 0.2;
        let written = AlarmRecord::new(&alarm, &Origin::default(), None);
        let line = serde_json::to_string(&written).expect("serialises");
        let read: AlarmRecord = serde_json::from_str(&line).expect("parses");
        assert_eq!(read, written);
        assert_eq!(read.score.to_bits(), alarm.score.to_bits());
        assert_eq!(read.flight(), Ok(alarm.flight));
        assert!(!line.contains('\n') && line.is_ascii(), "{line}");
    }

    #[test]
    fn a_line_of_another_making_is_refused() {
        let mut newer = record();
        newer.schema = 2;
        assert_eq!(newer.flight(), Err(AlarmError::Schema(2)));
        let mut foreign = record();
        foreign.flight.calls[0].0 = "vax".into();
        assert_eq!(foreign.flight(), Err(AlarmError::Abi("vax".into())));
        let mut empty = record();
        empty.flight.calls.clear();
        assert_eq!(empty.flight(), Err(AlarmError::Length(0)));
        let mut forged = record();
        forged.score += 1.0;
        assert_eq!(forged.flight(), Err(AlarmError::Bits));
    }
}
