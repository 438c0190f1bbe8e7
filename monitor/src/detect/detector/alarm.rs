//! An alarm rests on its flight alone.

use super::Rescored;
use crate::detect::scorer::{Explained, Model, ScoreError};
use crate::detect::stream::Stream;
use crate::detect::threshold::{LEAST_CALLS, Limits, Scores};
use crate::detect::verdict::{Alarm, Expected, Flight, SurprisingCall};
use crate::syscall::event::{Call, ThreadKey};
use crate::syscall::{adfa, table};

/// How many of a flight's calls are shown.
const SHOWN: usize = 10;

/// How many calls are shown for each that were expected instead.
const ALTERNATIVES: usize = 3;

/// The call at which the running score crossed.
pub(super) struct Cause {
    pub thread: ThreadKey,
    pub seq: u64,
    pub time_ns: u64,
}

/// A call of a flight, with its place in the thread, its index and what the model thought of it.
type Judged = (u64, Call, u16, Explained);

/// Scores a flight from a fresh state.
fn judge(model: &mut Model, flight: &Flight) -> Result<Vec<Judged>, ScoreError> {
    // A stored flight may say any place.
    let seq = |place| flight.first_seq.saturating_add(place);
    let calls: Vec<(u64, Call)> = (0..)
        .map(seq)
        .zip(flight.calls.iter().copied())
        .filter(|&(_, call)| !table::is_restart(call))
        .collect();
    let indices: Vec<u16> = calls.iter().map(|&(_, c)| adfa::map(c).index).collect();
    // One more, since the call itself may be among the likeliest.
    let explained = model.explain(&indices, flight.first_seq == 0, ALTERNATIVES + 1)?;
    Ok(calls
        .into_iter()
        .zip(indices)
        .zip(explained)
        .map(|(((seq, call), index), explained)| (seq, call, index, explained))
        .collect())
}

fn scores(judged: &[Judged], limits: &Limits) -> Scores {
    let mut scores = Scores::new(limits);
    for nats in judged.iter().filter_map(|judged| judged.3.surprise) {
        scores.push(nats);
    }
    scores
}

/// The most surprising calls, in the order in which they were made.
fn surprising(judged: Vec<Judged>) -> Vec<SurprisingCall> {
    let mut calls: Vec<_> = judged
        .into_iter()
        .filter_map(|(seq, call, index, explained)| {
            let others = explained
                .expected
                .into_iter()
                .filter(|&(other, _)| other != index);
            let expected = others.take(ALTERNATIVES).map(Expected::general);
            explained.surprise.map(|surprise| SurprisingCall {
                seq,
                call,
                index,
                surprise,
                expected: expected.collect(),
                pair: None,
            })
        })
        .collect();
    calls.sort_by(|a, b| b.surprise.total_cmp(&a.surprise).then(a.seq.cmp(&b.seq)));
    calls.truncate(SHOWN);
    calls.sort_by_key(|call| call.seq);
    calls
}

/// See [`super::Detector::rescore`].
pub(super) fn rescore(
    model: &mut Model,
    limits: &Limits,
    flight: &Flight,
) -> Result<Rescored, ScoreError> {
    let judged = judge(model, flight)?;
    let scores = scores(&judged, limits);
    Ok(Rescored {
        scores,
        surprising: surprising(judged),
    })
}

/// The alarm, if the flight's own score crosses too.
pub(super) fn raise(
    model: &mut Model,
    limits: &Limits,
    cause: Cause,
    stream: &Stream,
    flight: Flight,
) -> Result<Option<Alarm>, ScoreError> {
    let judged = judge(model, &flight)?;
    let scores = scores(&judged, limits);
    let long = flight.calls.len() as u64 >= LEAST_CALLS;
    let reasons: Vec<_> = scores
        .crossings(limits, if long { 0 } else { LEAST_CALLS })
        .into_iter()
        .map(|pace| (pace, scores.get(pace), limits.of(pace)))
        .collect();
    let Some(&(pace, score, threshold)) = reasons.first() else {
        return Ok(None);
    };
    let ThreadKey {
        tgid,
        tid,
        start_ns,
    } = cause.thread;
    Ok(Some(Alarm {
        id: format!("{tgid}-{tid}-{start_ns:x}-{}", cause.seq),
        time_ns: cause.time_ns,
        thread: cause.thread,
        comm: stream.comm,
        pace,
        score,
        threshold,
        reasons,
        first_seen: Vec::new(),
        evidence: stream.evidence(),
        surprising: surprising(judged),
        flight,
        lineage: Vec::new(),
    }))
}
