//! How threads stand now, for whoever looks: computed when it is asked, so that nothing is kept or
//! done until then.

use super::Detector;
use super::{rescore, shown};
use crate::detect::threshold::LEAST_CALLS;
use crate::detect::verdict::{Evidence, Expected, Pace, TELLING_NATS};
use crate::model::ScoreError;
use crate::profile::mixture::WARM_CALLS;
use crate::syscall::event::{Call, Comm, ThreadKey};
use crate::syscall::flight::Flight;

/// How near to its threshold a score is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nearness {
    /// Which score.
    pub pace: Pace,
    /// The score, in nats a call or in nats.
    pub score: f64,
    /// What it must exceed.
    pub threshold: f64,
}

impl Nearness {
    /// The score as a multiple of its threshold.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.score / self.threshold
    }
}

/// A thread and its last calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Tail {
    /// Which thread.
    pub thread: ThreadKey,
    /// Its name as last seen.
    pub comm: Comm,
    /// Calls that it made since it began.
    pub calls: u64,
    /// Calls of it that were lost.
    pub lost: u64,
    /// When it last did something, by the clock of the events.
    pub time_ns: u64,
    /// The score that is nearest to its threshold; `None` where there is no threshold.
    pub nearest: Option<Nearness>,
    /// Whether all of its last calls were seen.
    pub evidence: Evidence,
    /// The last calls, oldest first.
    pub last: Vec<TailCall>,
}

/// One of the last calls.
#[derive(Clone, Debug, PartialEq)]
pub struct TailCall {
    /// The call.
    pub call: Call,
    /// How surprising it was after those before it, nats; `None` where too little came before it.
    pub surprise: Option<f32>,
    /// Whether the service never made it after those before it.
    pub breaks: bool,
    /// The likeliest calls in its place, of a call of at least [`TELLING_NATS`].
    pub expected: Vec<Expected>,
}

impl Detector {
    fn nearest_of(&self, slot: u32) -> Option<Nearness> {
        let scores = &self.streams[slot as usize].scores;
        let paces = [Pace::Sequence, Pace::FirstSeen, Pace::Slow, Pace::Fast];
        let counts = |pace: &Pace| {
            let is_mean = matches!(pace, Pace::Slow | Pace::Fast);
            self.raised_by.of(*pace).is_finite() && (!is_mean || scores.scored() >= LEAST_CALLS)
        };
        let nearness = |pace| Nearness {
            pace,
            score: scores.get(pace),
            threshold: self.raised_by.of(pace),
        };
        let all = paces.into_iter().filter(counts).map(nearness);
        // Of those alike the first.
        all.reduce(|best, it| if it.ratio() > best.ratio() { it } else { best })
    }

    /// Of all threads the score that is nearest to its threshold.
    #[must_use]
    pub fn nearest(&self) -> Option<Nearness> {
        let all = self.threads.slots().filter_map(|it| self.nearest_of(it));
        all.max_by(|a, b| a.ratio().total_cmp(&b.ratio()))
    }

    /// At most so many `threads` with at most so many `calls` of each, those nearest to a threshold
    /// first, then those that did something last.
    ///
    /// # Errors
    /// When inference fails.
    pub fn tails(&mut self, threads: usize, calls: usize) -> Result<Vec<Tail>, ScoreError> {
        let mut slots: Vec<_> = self.threads.slots().collect();
        slots.reverse();
        // Stable: those alike stay in the order of their last calls.
        slots.sort_by(|&a, &b| {
            let ratio = |slot| self.nearest_of(slot).map_or(0.0, |it| it.ratio());
            ratio(b).total_cmp(&ratio(a))
        });
        slots.truncate(threads);
        let flight = |&slot: &u32| last(self.streams[slot as usize].recorder.flight(), calls);
        let flights: Vec<_> = slots.iter().map(flight).collect();
        let judged = match self.by.own() {
            Some(own) => rescore::judge_own(&mut self.model, own, &flights)?,
            None => {
                let each = flights.iter().map(|it| rescore::judge(&mut self.model, it));
                each.collect::<Result<_, _>>()?
            }
        };
        let tails = slots.iter().zip(judged).map(|(&slot, mut judged)| {
            judged.drain(..judged.len().saturating_sub(calls));
            let entry = self.threads.entry(slot);
            Tail {
                thread: entry.key,
                comm: entry.comm,
                calls: entry.next_seq,
                lost: entry.lost,
                time_ns: entry.time_ns,
                nearest: self.nearest_of(slot),
                evidence: self.streams[slot as usize].evidence(),
                last: judged
                    .into_iter()
                    .map(|it| {
                        let (surprise, breaks) = (it.surprise, it.broken.is_some());
                        let call = it.call;
                        let is_telling = surprise.is_some_and(|nats| nats >= TELLING_NATS);
                        let expected = if is_telling {
                            shown::expected(it, self.by.own())
                        } else {
                            Vec::new()
                        };
                        TailCall {
                            call,
                            surprise,
                            breaks,
                            expected,
                        }
                    })
                    .collect(),
            }
        });
        Ok(tails.collect())
    }
}

/// The end of a flight: so many calls, and those before them that the models look back on.
fn last(mut flight: Flight, calls: usize) -> Flight {
    let over = flight.calls.len().saturating_sub(calls + WARM_CALLS);
    flight.calls.drain(..over);
    flight.first_seq = flight.first_seq.saturating_add(over as u64);
    flight
}
