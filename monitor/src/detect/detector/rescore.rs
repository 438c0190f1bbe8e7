//! What a flight says by itself, scored from a fresh state: an alarm rests on its flight alone.

use super::Rescored;
use super::judged::{Expectation, Judged};
use super::own::Own;
use super::selection::Selection;
use super::shown::{ALTERNATIVES, surprising};
use crate::detect::threshold::{Limits, Scores};
use crate::model::{Model, ScoreError};
use crate::profile::class::is_privileged;
use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::firsts::Firsts;
use crate::profile::known::evidence;
use crate::syscall::event::Call;
use crate::syscall::flight::Flight;
use crate::syscall::{adfa, table};

/// What a privileged call is worth where nothing was learned, nats: that one service in a thousand
/// makes it. An assumption.
const PROVISIONAL_NATS: f64 = 6.907_755_278_982_137;

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
    let (first_seen, nats) = match own {
        Some(own) => {
            let firsts = firsts(own, flight);
            (firsts.events().iter().cloned().collect(), firsts.evidence())
        }
        None => {
            let privileged = privileged(flight);
            let nats = evidence(&privileged, 0.0);
            (privileged, nats)
        }
    };
    scores.set_first_seen(nats);
    Ok(Rescored {
        scores,
        surprising: surprising(judged, own),
        first_seen,
    })
}
