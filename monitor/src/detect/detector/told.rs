//! Alarms that say nothing new: a service that changed its ways raises thousands that are alike,
//! and a person reads the first.
//!
//! What an alarm says is said by its process name (see [`family`]): how surprising it is by each
//! score, and what was never seen before. It is told when a score is [`WORSE`] than what was told
//! of that name within the last while, or when anything in its flight is new to the service and was
//! not told of. So a known alarm hides neither a call that it did not have, nor a program that it
//! did not run.

use std::collections::HashMap;
use std::time::Duration;

use crate::detect::episode::WORSE;
use crate::detect::verdict::{Alarm, Pace};
use crate::profile::first_seen::First;
use crate::profile::known::family;
use crate::syscall::event::Comm;

/// Names that are remembered; the one told of longest ago is forgotten for another.
const MOST_NAMES: usize = 1024;

/// New things that are remembered of a name.
const MOST_FIRSTS: usize = 256;

/// What was told of a name, each with when.
#[derive(Clone, Debug, Default)]
struct OfName {
    slow: Option<(f64, u64)>,
    fast: Option<(f64, u64)>,
    sequence: Option<(f64, u64)>,
    firsts: Vec<(First, u64)>,
    last_ns: u64,
    /// The alarm that was told last.
    alarm: String,
}

/// What was told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    again_after_ns: Option<u64>,
    names: HashMap<Comm, OfName>,
}

impl Told {
    /// Remembers for that long; `None` tells every alarm.
    pub(super) fn new(again_after: Option<Duration>) -> Self {
        Self {
            again_after_ns: again_after.map(|it| u64::try_from(it.as_nanos()).unwrap_or(u64::MAX)),
            names: HashMap::new(),
        }
    }

    /// The told alarm that an alarm is like; `None` if it says something new. One without a time
    /// does.
    pub(super) fn like(&self, alarm: &Alarm) -> Option<&str> {
        let told = self.names.get(&family(alarm.comm))?;
        (!self.is_new(alarm)).then_some(told.alarm.as_str())
    }

    fn is_new(&self, alarm: &Alarm) -> bool {
        let Some(span) = self.again_after_ns.filter(|_| alarm.time_ns > 0) else {
            return true;
        };
        let Some(told) = self.names.get(&family(alarm.comm)) else {
            return true;
        };
        let recent = |at: u64| alarm.time_ns.saturating_sub(at) < span;
        let worse = |score: f64, told: Option<(f64, u64)>| {
            told.is_none_or(|(before, at)| !recent(at) || score > before * WORSE)
        };
        let by_score = alarm.reasons.iter().any(|&(pace, score, _)| match pace {
            Pace::Slow => worse(score, told.slow),
            Pace::Fast => worse(score, told.fast),
            Pace::Sequence => worse(score, told.sequence),
            // What it rests on is looked at below.
            Pace::FirstSeen => false,
        });
        let of_firsts = |what: &First| {
            let mut all = told.firsts.iter();
            all.any(|(it, at)| it == what && recent(*at))
        };
        by_score || alarm.first_seen.iter().any(|event| !of_firsts(&event.what))
    }

    /// Notes what an alarm said that is told now.
    pub(super) fn tell(&mut self, alarm: &Alarm) {
        if self.again_after_ns.is_none() {
            return;
        }
        let name = family(alarm.comm);
        if self.names.len() >= MOST_NAMES && !self.names.contains_key(&name) {
            let oldest = self.names.iter().min_by_key(|(_, it)| it.last_ns);
            if let Some(oldest) = oldest.map(|(&name, _)| name) {
                self.names.remove(&oldest);
            }
        }
        let now = alarm.time_ns;
        let told = self.names.entry(name).or_default();
        told.last_ns = now;
        told.alarm.clone_from(&alarm.id);
        for &(pace, score, _) in &alarm.reasons {
            match pace {
                Pace::Slow => told.slow = Some((score, now)),
                Pace::Fast => told.fast = Some((score, now)),
                Pace::Sequence => told.sequence = Some((score, now)),
                Pace::FirstSeen => {}
            }
        }
        for event in &alarm.first_seen {
            told.firsts.retain(|(it, _)| *it != event.what);
            told.firsts.push((event.what.clone(), now));
        }
        let too_many = told.firsts.len().saturating_sub(MOST_FIRSTS);
        told.firsts.drain(..too_many);
    }
}

#[cfg(test)]
mod tests;
