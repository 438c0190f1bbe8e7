//! What the detector counted so far.

use crate::detect::verdict::SurprisingCall;
use crate::syscall::event::{Call, Comm, ThreadKey};

/// What the detector counted since it was made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counters {
    /// Threads that made at least one call.
    pub threads: u64,
    /// Those of them whose stream has not ended.
    pub open_threads: u64,
    /// Calls that reached the detector.
    pub calls: u64,
    /// Calls that have a surprise.
    pub scored: u64,
    /// Calls that asked the model: with a profile those that its n-gram finds unlikely, without one
    /// all.
    pub asked: u64,
    /// Those of them that it saw; the others were left out to keep to a budget.
    pub answered: u64,
    /// Calls that were learned while judging.
    pub adapted: u64,
    /// Calls that the source counted and the detector never saw, as the sequence numbers tell.
    pub lost: u64,
    /// `restart_syscall` entries that were dropped: the call they go on with was counted before.
    pub restarts: u64,
    /// Stretches that did not follow the one before.
    pub gaps: u64,
    /// Calls that came again, and were left out the second time.
    pub repeated: u64,
    /// Threads that were forgotten because the table was full, those idle longest first.
    pub evicted: u64,
    /// Alarms raised, those alike and the suppressed ones left out.
    pub alarms: u64,
    /// Alarms like one that was told before.
    pub alike: u64,
    /// Alarms that the limit per minute kept back.
    pub suppressed: u64,
    /// Since when calls are lost so fast that the service is not seen, by the clock of the events.
    pub blind_since_ns: Option<u64>,
    /// How long that was in the whole run, nanoseconds.
    pub blind_ns: u64,
    /// The most surprising stretches of a run without a profile, told once all streams have ended.
    pub stretches: Vec<SurprisingStretch>,
    /// How the calls were mapped to the model's vocabulary.
    pub coverage: Coverage,
    /// `io_uring_enter` calls: what they submit never passes the tracepoint.
    pub io_uring_enter: u64,
    /// What was submitted to io_uring, as far as the kernel tells.
    pub io_uring_submitted: u64,
    /// Highest slow score among the threads now, nats a call; `None` while no thread has the
    /// [`LEAST_CALLS`](crate::detect::threshold::LEAST_CALLS) that a score needs.
    pub current_mean: Option<f64>,
    /// Highest slow score of the whole run, nats a call; `None` before the first.
    pub highest_mean: Option<f64>,
}

impl Counters {
    /// Adds what another detector counted. Threads, calls and alarms add up; of the scores the
    /// higher one stands.
    pub fn join(&mut self, other: &Self) {
        let higher = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::max);
        self.threads += other.threads;
        self.open_threads += other.open_threads;
        self.calls += other.calls;
        self.scored += other.scored;
        self.asked += other.asked;
        self.answered += other.answered;
        self.adapted += other.adapted;
        self.lost = self.lost.saturating_add(other.lost);
        self.restarts += other.restarts;
        self.gaps += other.gaps;
        self.repeated += other.repeated;
        self.evicted += other.evicted;
        self.alarms += other.alarms;
        self.alike += other.alike;
        self.suppressed += other.suppressed;
        self.coverage.join(&other.coverage);
        let blind = [self.blind_since_ns, other.blind_since_ns];
        self.blind_since_ns = blind.into_iter().flatten().min();
        self.blind_ns = self.blind_ns.saturating_add(other.blind_ns);
        self.io_uring_enter += other.io_uring_enter;
        self.io_uring_submitted += other.io_uring_submitted;
        self.current_mean = higher(self.current_mean, other.current_mean);
        self.highest_mean = higher(self.highest_mean, other.highest_mean);
    }

    /// The share of all calls that the LSTM saw, between 0 and 1; `None` before the first call.
    #[must_use]
    pub fn model_share(&self) -> Option<f64> {
        (self.calls > 0).then(|| self.answered as f64 / self.calls as f64)
    }
}

/// Calls of one thread that surprised the general model.
#[derive(Clone, Debug, PartialEq)]
pub struct SurprisingStretch {
    /// When the last of them was made.
    pub time_ns: u64,
    /// The thread.
    pub thread: ThreadKey,
    /// Its name then.
    pub comm: Comm,
    /// The slow score after them, nats a call.
    pub score: f64,
    /// The calls that surprised most, in order.
    pub surprising: Vec<SurprisingCall>,
}

/// How calls were mapped to the model's vocabulary.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Coverage {
    /// Calls with a counterpart of the same name.
    pub by_name: u64,
    /// Calls with a counterpart of the same meaning.
    pub by_meaning: u64,
    /// Calls without a counterpart (index 0).
    pub unmapped: u64,
    /// The commonest of those without, commonest first, and how often each was made.
    pub commonest_unmapped: Vec<(Call, u64)>,
}

impl Coverage {
    /// Calls without a counterpart that are listed.
    const LISTED: usize = 10;

    fn join(&mut self, other: &Self) {
        self.by_name += other.by_name;
        self.by_meaning += other.by_meaning;
        self.unmapped += other.unmapped;
        for &(call, count) in &other.commonest_unmapped {
            match self.commonest_unmapped.iter_mut().find(|it| it.0 == call) {
                Some((_, all)) => *all += count,
                None => self.commonest_unmapped.push((call, count)),
            }
        }
        self.commonest_unmapped
            .sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        self.commonest_unmapped.truncate(Self::LISTED);
    }
}

#[cfg(test)]
mod tests {
    use super::Counters;

    #[test]
    fn together_they_are_blind_since_the_first_became_so() {
        let blind = |since| Counters {
            blind_since_ns: since,
            ..Counters::default()
        };
        for (one, other, both) in [
            (Some(7), Some(3), Some(3)),
            (Some(3), None, Some(3)),
            (None, Some(7), Some(7)),
            (None, None, None),
        ] {
            let mut joined = blind(one);
            joined.join(&blind(other));
            assert_eq!(joined.blind_since_ns, both);
        }
    }
}
