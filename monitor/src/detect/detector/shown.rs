//! What a person is shown of a flight: its most surprising calls, and what was expected in their
//! place.

use super::judged::{Expectation, Judged};
use super::own::Own;
use crate::detect::verdict::{Expected, SurprisingCall, TELLING_NATS};

/// How many of a flight's calls are shown.
const SHOWN: usize = 10;

/// How many calls are shown for each that were expected instead.
pub(super) const ALTERNATIVES: usize = 3;

/// The most surprising calls, in the order in which they were made.
pub(super) fn surprising(mut judged: Vec<Judged>, own: Option<&Own>) -> Vec<SurprisingCall> {
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

/// What was expected in the place of a call, likeliest first, with the call itself where it had its
/// part.
pub(super) fn expected(judged: Judged, own: Option<&Own>) -> Vec<Expected> {
    shown(judged, own).expected
}
