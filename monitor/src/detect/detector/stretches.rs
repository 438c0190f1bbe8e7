//! The stretches of a run without a profile that surprised the general model most.

use crate::detect::counters::SurprisingStretch;
use crate::detect::detector::Rescored;
use crate::detect::stream::Stream;
use crate::detect::threshold::LEAST_CALLS;
use crate::detect::verdict::Pace;
use crate::syscall::event::{Comm, ThreadKey};
use crate::syscall::flight::Flight;

/// Stretches that are kept.
const KEPT: usize = 3;

/// By which factor a stretch must be more surprising to take the place of one: copying a flight at
/// every call would be dear.
const STEP: f64 = 1.05;

/// Calls of one thread, and how surprising they were.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    time_ns: u64,
    thread: ThreadKey,
    comm: Comm,
    score: f64,
    pub flight: Flight,
}

/// The most surprising so far, each of another thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Stretches(Vec<Kept>);

impl Stretches {
    /// Takes note of where a stream stands after a call of this time.
    pub(super) fn note(&mut self, thread: ThreadKey, stream: &Stream, time_ns: u64) {
        let score = stream.scores.get(Pace::Slow);
        let lowest = self
            .0
            .iter()
            .map(|kept| kept.score)
            .fold(f64::MAX, f64::min);
        let full = self.0.len() == KEPT;
        if stream.scores.scored() < LEAST_CALLS || (full && score <= lowest * STEP) {
            return;
        }
        let mine = self.0.iter().position(|kept| kept.thread == thread);
        if mine.is_some_and(|place| score <= self.0[place].score * STEP) {
            return;
        }
        let lightest =
            || (0..self.0.len()).min_by(|&a, &b| self.0[a].score.total_cmp(&self.0[b].score));
        if let Some(place) = mine.or_else(|| lightest().filter(|_| full)) {
            self.0.remove(place);
        }
        self.0.push(Kept {
            time_ns,
            thread,
            comm: stream.comm,
            score,
            flight: stream.recorder.flight(),
        });
    }

    /// Gives them back, the most surprising first, and forgets them.
    pub(super) fn take(&mut self) -> Vec<Kept> {
        let mut kept = std::mem::take(&mut self.0);
        kept.sort_by(|a, b| b.score.total_cmp(&a.score));
        kept
    }
}

impl Kept {
    /// What is shown of it.
    pub(super) fn explained(self, rescored: Rescored) -> SurprisingStretch {
        SurprisingStretch {
            time_ns: self.time_ns,
            thread: self.thread,
            comm: self.comm,
            score: self.score,
            surprising: rescored.surprising,
        }
    }
}
