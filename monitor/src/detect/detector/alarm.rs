//! The alarm that a flight gives.

use super::Rescored;
use super::own::Own;
use super::rescore::rescore;
use crate::detect::stream::Stream;
use crate::detect::threshold::{LEAST_CALLS, Limits};
use crate::detect::verdict::{Alarm, Pace};
use crate::model::{Model, ScoreError};
use crate::profile::first_seen::FirstSeen;
use crate::syscall::event::ThreadKey;

/// The call at which the running score crossed.
pub(super) struct Cause {
    pub thread: ThreadKey,
    pub seq: u64,
    pub time_ns: u64,
    /// Whether the service had an alarm a moment ago: a privileged call that it never made is
    /// reason enough then.
    pub alert: bool,
    /// Whether nothing was learned, and the call is a privileged one that is new in this run.
    pub provisional: bool,
}

/// The alarm, if the flight's own score crosses too, or if the flight says something that no alarm
/// of the episode told.
pub(super) fn raise(
    model: &mut Model,
    own: Option<&Own>,
    limits: &Limits,
    cause: &Cause,
    stream: &mut Stream,
) -> Result<Option<Alarm>, ScoreError> {
    let flight = stream.recorder.flight();
    let Rescored {
        scores,
        surprising,
        mut first_seen,
    } = rescore(model, own, limits, &flight)?;
    if own.is_none() && !cause.provisional {
        first_seen.clear();
    }
    // What lies before the flight cannot be shown.
    stream.scores.set_sequence(scores.get(Pace::Sequence));
    // A window model has no surprise for the first calls of a flight that is long enough.
    let long = flight.calls.len() as u64 >= LEAST_CALLS;
    let mut reasons: Vec<_> = scores
        .crossings(limits, if long { 0 } else { LEAST_CALLS })
        .into_iter()
        .map(|pace| (pace, scores.get(pace), limits.of(pace)))
        .collect();
    let is_news = match stream.episode.told() {
        Some(told) => {
            let worse = |&(pace, score, _): &(Pace, f64, f64)| {
                pace != Pace::FirstSeen && told.is_worse(pace, score)
            };
            let unnamed = first_seen.iter().any(|first| !told.named(&first.what));
            if !unnamed && !reasons.iter().any(worse) {
                return Ok(None);
            }
            unnamed
        }
        None => cause.alert && first_seen.iter().any(FirstSeen::is_privileged),
    };
    if reasons.is_empty() && (is_news || cause.provisional) {
        // Beside an alarm it needs no threshold of its own.
        reasons.push((Pace::FirstSeen, scores.get(Pace::FirstSeen), 0.0));
    }
    let Some(&(pace, score, threshold)) = reasons.first() else {
        return Ok(None);
    };
    // The alarm says it; from here on it is summed up anew.
    stream.scores.set_sequence(0.0);
    Ok(Some(Alarm {
        id: String::new(),
        service: "".into(),
        time_ns: cause.time_ns,
        thread: cause.thread,
        comm: stream.comm,
        pace,
        score,
        threshold,
        reasons,
        first_seen,
        evidence: stream.evidence(),
        surprising,
        flight,
        lineage: Vec::new(),
        who: None,
        suppressed: None,
        provisional: cause.provisional,
        judged_by: None,
    }))
}
