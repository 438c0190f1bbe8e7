//! An alarm rests on its flight alone.

use super::Rescored;
use super::own::Own;
use super::selection::Selection;
use crate::detect::cusum::Transition;
use crate::detect::stream::Stream;
use crate::detect::threshold::{LEAST_CALLS, Limits, Scores};
use crate::detect::verdict::{Alarm, Expected, Pace, SurprisingCall, TELLING_NATS};
use crate::model::{Model, ScoreError};
use crate::profile::class::is_privileged;
use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::firsts::Firsts;
use crate::profile::known::evidence;
use crate::profile::ngram::Cursor;
use crate::syscall::event::{Call, ThreadKey};
use crate::syscall::flight::Flight;
use crate::syscall::{adfa, table};

/// How many of a flight's calls are shown.
const SHOWN: usize = 10;

/// How many calls are shown for each that were expected instead.
const ALTERNATIVES: usize = 3;

/// What a privileged call is worth where nothing was learned, nats: that one service in a thousand makes it. An assumption.
const PROVISIONAL_NATS: f64 = 6.907_755_278_982_137;

/// The call at which the running score crossed.
pub(super) struct Cause {
    pub thread: ThreadKey,
    pub seq: u64,
    pub time_ns: u64,
    /// Whether the service had an alarm a moment ago: a privileged call that it never made is reason enough then.
    pub alert: bool,
    /// Whether nothing was learned, and the call is a privileged one that is new in this run.
    pub provisional: bool,
}

/// A call of a flight and what was thought of it.
pub(super) struct Judged {
    seq: u64,
    pub call: Call,
    index: u16,
    pub surprise: Option<f32>,
    /// By which transition it breaks what was learned, and its surprise, nats.
    pub broken: Option<(Transition, f32)>,
    expectation: Expectation,
}

/// What was expected in the place of a call.
enum Expectation {
    /// The general model's likeliest calls.
    General(Vec<(u16, f32)>),
    /// Where the profile's n-gram stood before the call, its own token, and the call before it.
    Own(Box<Cursor>, u32, Option<Call>),
}

/// The flight's calls with their places, those left out that the detector drops.
fn calls(flight: &Flight) -> impl Iterator<Item = (u64, Call)> {
    // A stored flight may say any place.
    let seq = |place| flight.first_seq.saturating_add(place);
    let calls = (0..).map(seq).zip(flight.calls.iter().copied());
    calls.filter(|&(_, call)| !table::is_restart(call))
}

/// Scores a flight by the general model, from a fresh state.
pub(super) fn judge(model: &mut Model, flight: &Flight) -> Result<Vec<Judged>, ScoreError> {
    let indices: Vec<u16> = calls(flight).map(|(_, c)| adfa::map(c).index).collect();
    // One more, since the call itself may be among the likeliest.
    let explained = model.explain(&indices, flight.first_seq == 0, ALTERNATIVES + 1)?;
    let judged = calls(flight).zip(indices).zip(explained);
    Ok(judged
        .map(|(((seq, call), index), explained)| Judged {
            seq,
            call,
            index,
            surprise: explained.surprise,
            broken: None,
            expectation: Expectation::General(explained.expected),
        })
        .collect())
}

/// Scores flights by a profile, each from a fresh state.
pub(super) fn judge_own(
    model: &mut Model,
    own: &Own,
    flights: &[Flight],
) -> Result<Vec<Vec<Judged>>, ScoreError> {
    let mut lanes: Vec<_> = flights.iter().map(|_| model.lane()).collect();
    // An alarm rests on the whole model, whatever the run could afford.
    let mut all = Selection::all();
    let mut looked = Vec::with_capacity(flights.len());
    for (flight, lane) in flights.iter().zip(&mut lanes) {
        let mut stream = own.stream(flight.first_seq == 0);
        let mut before = None;
        let mut marks = Vec::with_capacity(flight.calls.len());
        for (seq, call) in calls(flight) {
            let cursor = Box::new(*stream.cursor());
            let mark = own.look(&mut stream, call, lane, &mut all);
            marks.push((seq, call, mark, cursor, before.replace(call)));
        }
        looked.push(marks);
    }
    let active: Vec<u32> = (0..).take(lanes.len()).collect();
    model.score(&mut lanes, &active)?;
    let told = looked.into_iter().zip(&mut lanes).map(|(marks, lane)| {
        let judged = marks.into_iter().map(|(seq, call, mark, cursor, before)| {
            let (surprise, _) = own.tell(&mark, lane);
            Judged {
                seq,
                call,
                index: adfa::map(call).index,
                surprise: Some(surprise),
                broken: mark.broken(surprise),
                expectation: Expectation::Own(cursor, mark.token, before),
            }
        });
        judged.collect()
    });
    Ok(told.collect())
}

/// What is new in a flight to the service.
fn firsts(own: &Own, flight: &Flight) -> Firsts {
    let known = &own.profile().known;
    let mut firsts = Firsts::default();
    let mut names = flight.names.iter().peekable();
    for (seq, call) in calls(flight) {
        while let Some(&(at, comm)) = names.next_if(|&&(at, _)| at <= seq) {
            firsts.named(known, comm, at);
        }
        firsts.made(known, call, own.profile().vocabulary.token(call), seq);
    }
    for touch in &flight.touches {
        let done = (&touch.detail, touch.outcome);
        firsts.touched(own.profile(), done, touch.seq);
    }
    firsts.forget(flight.first_seq);
    firsts
}

/// The privileged calls of a flight, each once: what is known of it where nothing was learned.
fn privileged(flight: &Flight) -> Vec<FirstSeen> {
    let mut events: Vec<FirstSeen> = Vec::new();
    for (seq, call) in calls(flight).filter(|&(_, call)| is_privileged(call)) {
        let what = First::Call(call);
        if !events.iter().any(|event| event.what == what) {
            let nats = PROVISIONAL_NATS;
            events.push(FirstSeen { seq, what, nats });
        }
    }
    events
}

/// The most surprising calls, in the order in which they were made.
fn surprising(mut judged: Vec<Judged>, own: Option<&Own>) -> Vec<SurprisingCall> {
    judged.retain(|judged| judged.surprise.is_some_and(|nats| nats >= TELLING_NATS));
    judged.sort_by(|a, b| {
        let (a_nats, b_nats) = (a.surprise.unwrap_or(0.0), b.surprise.unwrap_or(0.0));
        b_nats.total_cmp(&a_nats).then(a.seq.cmp(&b.seq))
    });
    judged.truncate(SHOWN);
    judged.sort_by_key(|judged| judged.seq);
    judged
        .into_iter()
        .map(|judged| shown(judged, own))
        .collect()
}

fn shown(judged: Judged, own: Option<&Own>) -> SurprisingCall {
    let surprise = judged.surprise.unwrap_or(0.0);
    let (mut expected, pair) = match (judged.expectation, own) {
        (Expectation::Own(cursor, token, before), Some(own)) => (
            own.expected(&cursor, token, ALTERNATIVES),
            before.map(|before| (before, own.pairs(before, judged.call))),
        ),
        (Expectation::General(expected), _) => {
            let others = expected.into_iter().filter(|&(it, _)| it != judged.index);
            let expected = others.take(ALTERNATIVES).map(Expected::general);
            (expected.collect(), None)
        }
        (Expectation::Own(..), None) => (Vec::new(), None),
    };
    // Where there is a distribution, the call had its part in it.
    if let Some(other) = expected.first() {
        expected.push(Expected {
            call: other.call.map(|_| judged.call),
            index: judged.index,
            probability: (-surprise).exp(),
        });
        expected.sort_by(|a, b| b.probability.total_cmp(&a.probability));
    }
    SurprisingCall {
        seq: judged.seq,
        call: judged.call,
        index: judged.index,
        surprise,
        expected,
        pair,
    }
}

/// What was expected in the place of a call, likeliest first, with the call itself where it had its part.
pub(super) fn expected(judged: Judged, own: Option<&Own>) -> Vec<Expected> {
    shown(judged, own).expected
}

/// See [`super::Detector::rescore`].
pub(super) fn rescore(
    model: &mut Model,
    own: Option<&Own>,
    limits: &Limits,
    flight: &Flight,
) -> Result<Rescored, ScoreError> {
    let judged = match own {
        None => judge(model, flight)?,
        Some(own) => {
            let judged = judge_own(model, own, std::slice::from_ref(flight))?;
            judged.into_iter().next().unwrap_or_default()
        }
    };
    let mut scores = Scores::new(limits);
    for judged in &judged {
        if let Some(nats) = judged.surprise {
            scores.push(nats);
            scores.push_break(judged.broken, limits);
        }
    }
    let first_seen: Vec<_> = match own {
        Some(own) => firsts(own, flight).events().iter().cloned().collect(),
        None => privileged(flight),
    };
    scores.set_first_seen(evidence(&first_seen));
    Ok(Rescored {
        scores,
        surprising: surprising(judged, own),
        first_seen,
    })
}

/// The alarm, if the flight's own score crosses too, or if the flight says something that no alarm of the episode told.
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
    }))
}
