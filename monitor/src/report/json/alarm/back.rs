//! An alarm back from its line.

use super::{
    AlarmError, AlarmRecord, CallRecord, ExpectedRecord, FirstKind, FirstSeenRecord,
    SuppressedKind, SurprisingRecord, TouchRecord, bits,
};
use crate::detail::{Detail, Outcome, Touch};
use crate::detect::verdict::{Alarm, Expected, Kin, Suppressed, SurprisingCall};
use crate::profile::first_seen::{First, FirstSeen};
use crate::report::json::schema::is_readable;
use crate::syscall::event::{Abi, Call, Comm, ThreadKey};
use crate::syscall::flight::Flight;
use crate::syscall::table;

/// How many of each kind of detail a line may have: more than this monitor writes, and little to
/// hold.
const MOST: usize = 512;

/// The largest place in a thread that is taken: at a million calls a second, reached in 292,000
/// years. What is added to it stays far from overflow.
pub(super) const LAST_PLACE: u64 = u64::MAX / 2;

/// Refuses a place that no thread reaches.
pub(crate) const fn place(seq: u64) -> Result<u64, AlarmError> {
    if seq > LAST_PLACE {
        return Err(AlarmError::Place(seq));
    }
    Ok(seq)
}

impl AlarmRecord {
    /// The calls to score again.
    ///
    /// # Errors
    /// When the line is not what this monitor writes.
    pub fn flight(&self) -> Result<Flight, AlarmError> {
        if !is_readable(self.schema) {
            return Err(AlarmError::Schema(self.schema));
        }
        let length = self.flight.calls.len();
        if length == 0 || length > Flight::CALLS {
            return Err(AlarmError::Length(length));
        }
        let names = self.flight.names.len();
        if names > Flight::NAMES {
            return Err(AlarmError::TooMany("names", names));
        }
        let touches = self.flight.touches.len();
        if touches > Flight::TOUCHES {
            return Err(AlarmError::TooMany("touches", touches));
        }
        if bits(self.score) != self.score_bits {
            return Err(AlarmError::Bits);
        }
        let named = |(seq, name): &(u64, String)| Ok((place(*seq)?, comm(name)?));
        Ok(Flight {
            first_seq: place(self.flight.first_seq)?,
            calls: calls_back(&self.flight.calls)?,
            names: self
                .flight
                .names
                .iter()
                .map(named)
                .collect::<Result<_, _>>()?,
            touches: each(&self.flight.touches, touched)?,
        })
    }

    /// All that the line says of the alarm.
    ///
    /// # Errors
    /// When it is not what this monitor writes.
    pub fn alarm(&self) -> Result<Alarm, AlarmError> {
        let flight = self.flight()?;
        for (what, count) in [
            ("reasons", self.reasons.len()),
            ("new things", self.first_seen.len()),
            ("surprising calls", self.surprising.len()),
            ("processes", self.lineage.len()),
        ] {
            if count > MOST {
                return Err(AlarmError::TooMany(what, count));
            }
        }
        let mut reasons: Vec<_> = self
            .reasons
            .iter()
            .map(|one| (one.pace, one.score, one.threshold))
            .collect();
        if reasons.is_empty() {
            // A line of before there were several.
            reasons.push((self.pace, self.score, self.threshold));
        }
        let kin = |one: &super::KinRecord| {
            Ok(Kin {
                tgid: one.pid,
                comm: comm(&one.comm)?,
                executed: one.executed,
            })
        };
        let suppressed = self.suppressed.map(|why| match why {
            SuppressedKind::Alike => Suppressed::Alike(self.like.clone().unwrap_or_default()),
            SuppressedKind::Rate => Suppressed::Rate,
        });
        Ok(Alarm {
            id: self.id.clone(),
            time_ns: self.time_ns,
            thread: ThreadKey {
                tgid: self.pid,
                tid: self.tid,
                start_ns: self.start_ns,
            },
            comm: comm(&self.comm)?,
            pace: self.pace,
            score: self.score,
            threshold: self.threshold,
            reasons,
            first_seen: each(&self.first_seen, first_seen)?,
            evidence: self.evidence,
            surprising: each(&self.surprising, surprising)?,
            flight,
            lineage: each(&self.lineage, kin)?,
            service: self.service.as_str().into(),
            who: self.who.clone(),
            suppressed,
            provisional: self.provisional,
            judged_by: None,
        })
    }
}

/// Calls back from their line.
///
/// # Errors
/// A table that this monitor does not know.
pub fn calls_back(calls: &[CallRecord]) -> Result<Vec<Call>, AlarmError> {
    each(calls, |(abi, number, _)| call(abi, *number))
}

fn each<R, T>(
    records: &[R],
    back: impl Fn(&R) -> Result<T, AlarmError>,
) -> Result<Vec<T>, AlarmError> {
    records.iter().map(back).collect()
}

fn comm(text: &str) -> Result<Comm, AlarmError> {
    Comm::from_escaped(text).ok_or_else(|| AlarmError::Name(text.to_owned()))
}

fn call(wanted: &str, number: u32) -> Result<Call, AlarmError> {
    let known = |&it: &Abi| table::abi_name(it) == wanted;
    let abi = Abi::ALL.into_iter().find(known);
    let abi = abi.ok_or_else(|| AlarmError::Abi(wanted.to_owned()))?;
    Ok(Call { abi, number })
}

fn detail(text: &str) -> Result<Detail, AlarmError> {
    text.parse().map_err(|_| AlarmError::Touch(text.to_owned()))
}

fn outcome(name: &str) -> Result<Outcome, AlarmError> {
    Outcome::from_name(name).ok_or_else(|| AlarmError::Touch(name.to_owned()))
}

fn touched(one: &TouchRecord) -> Result<Touch, AlarmError> {
    Ok(Touch {
        seq: one.seq,
        call: call(&one.abi, one.number)?,
        detail: detail(&one.detail)?,
        outcome: one.outcome.as_deref().map(outcome).transpose()?,
    })
}

fn surprising(one: &SurprisingRecord) -> Result<SurprisingCall, AlarmError> {
    if one.expected.len() > MOST {
        return Err(AlarmError::TooMany("expected calls", one.expected.len()));
    }
    let pair = |pair: &super::PairRecord| Ok((call(&pair.abi, pair.number)?, pair.count));
    Ok(SurprisingCall {
        seq: one.seq,
        call: call(&one.abi, one.number)?,
        index: one.index,
        surprise: one.surprise,
        expected: each(&one.expected, expected)?,
        pair: one.pair.as_ref().map(pair).transpose()?,
    })
}

fn expected(one: &ExpectedRecord) -> Result<Expected, AlarmError> {
    let own = match (&one.abi, one.number) {
        (Some(abi), Some(number)) => Some(call(abi, number)?),
        _ => None,
    };
    Ok(Expected {
        call: own,
        index: one.index,
        probability: one.probability,
    })
}

fn first_seen(one: &FirstSeenRecord) -> Result<FirstSeen, AlarmError> {
    let its_call = || match (&one.abi, one.number) {
        (Some(abi), Some(number)) => call(abi, number),
        _ => Err(AlarmError::Incomplete),
    };
    let its_detail = || detail(one.detail.as_deref().ok_or(AlarmError::Incomplete)?);
    let its_name = || comm(one.comm.as_deref().ok_or(AlarmError::Incomplete)?);
    let what = match one.kind {
        FirstKind::Call => First::Call(its_call()?),
        FirstKind::ProcessName => First::Name(its_name()?),
        FirstKind::CallOfName => First::CallOfName(its_name()?, its_call()?),
        FirstKind::Touch => First::Touch(its_detail()?),
        FirstKind::Outcome => {
            let its_outcome = one.outcome.as_deref().ok_or(AlarmError::Incomplete)?;
            First::Outcome(its_detail()?, outcome(its_outcome)?)
        }
    };
    Ok(FirstSeen {
        seq: one.seq,
        what,
        nats: one.nats,
    })
}
