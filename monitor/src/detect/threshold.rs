//! The running scores of a thread, and when they are worth an alarm.

use crate::detect::cusum::{Cusum, Transition};
use crate::detect::verdict::Pace;
use crate::model::manifest::Threshold;

/// Scored calls of a stream before its score counts: until then it is a mean of too few.
pub const LEAST_CALLS: u64 = 32;

/// The same for a stream that began after a gap: its first calls lack what came before them and
/// surprise for that alone, so loss by itself must not raise an alarm.
pub const LEAST_CALLS_AFTER_GAP: u64 = 100;

/// An episode ends when every score was below this share of its threshold for
/// [`CALM_CALLS`](crate::detect::episode::CALM_CALLS) calls.
pub const CALM_SHARE: f64 = 0.8;

/// What the scores of a thread must exceed to raise an alarm, and how they run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// For the slow score, nats a call.
    pub slow: f64,
    /// For the fast score, nats a call.
    pub fast: f64,
    /// For the sum of what was never learned in its sequences, nats; infinite without a profile.
    pub sequence: f64,
    /// For the evidence of what was never seen before, nats; infinite without a profile.
    pub first_seen: f64,
    /// What every call takes off the sum, nats.
    pub drift: f64,
    /// Time constant of the slow score, calls.
    pub slow_calls: u32,
    /// Time constant of the fast score, calls.
    pub fast_calls: u32,
}

impl Limits {
    /// What the score of `pace` must exceed.
    #[must_use]
    pub const fn of(&self, pace: Pace) -> f64 {
        match pace {
            Pace::Slow => self.slow,
            Pace::Fast => self.fast,
            Pace::Sequence => self.sequence,
            Pace::FirstSeen => self.first_seen,
        }
    }
}

impl From<&Threshold> for Limits {
    /// A model's own.
    fn from(threshold: &Threshold) -> Self {
        Self {
            slow: threshold.slow,
            fast: threshold.fast,
            sequence: f64::INFINITY,
            first_seen: f64::INFINITY,
            drift: 0.0,
            slow_calls: threshold.slow_calls,
            fast_calls: threshold.fast_calls,
        }
    }
}

/// A mean that forgets: `m += (s − m) / min(n, k)`, `n` being the calls so far and `k` the time
/// constant. It begins as the plain mean and goes on as the exponentially weighted one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct RunningMean {
    mean: f64,
    constant: f64,
}

impl RunningMean {
    fn new(calls: u32) -> Self {
        Self {
            mean: 0.0,
            constant: f64::from(calls),
        }
    }

    fn push(&mut self, nats: f64, count: f64) {
        self.mean += (nats - self.mean) / count.min(self.constant);
    }
}

/// The scores of one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    slow: RunningMean,
    fast: RunningMean,
    scored: u64,
    sequence: Cusum,
    first_seen: f64,
}

impl Scores {
    /// Scores of a stream without calls; `limits` gives the time constants.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            slow: RunningMean::new(limits.slow_calls),
            fast: RunningMean::new(limits.fast_calls),
            scored: 0,
            sequence: Cusum::default(),
            first_seen: 0.0,
        }
    }

    /// Takes the next call's surprise in, nats.
    pub fn push(&mut self, nats: f32) {
        self.scored += 1;
        #[expect(
            clippy::cast_precision_loss,
            reason = "it only matters below the time constant"
        )]
        let count = self.scored as f64;
        self.slow.push(f64::from(nats), count);
        self.fast.push(f64::from(nats), count);
    }

    /// Takes in by which transition the same call breaks what was learned, if it does, and its
    /// surprise, nats.
    pub fn push_break(&mut self, broken: Option<(Transition, f32)>, limits: &Limits) {
        self.sequence.push(broken, limits.drift);
    }

    /// Takes `nats` for the sum: what could be shown of it, or nothing once it was reported.
    pub fn set_sequence(&mut self, nats: f64) {
        self.sequence.set(nats);
    }

    /// Says what the thread's new things are worth by now, nats.
    pub fn set_first_seen(&mut self, nats: f64) {
        self.first_seen = nats;
    }

    /// The score of `pace`: a running mean in nats a call, or a sum or the evidence in nats; 0
    /// before the first call.
    #[must_use]
    pub fn get(&self, pace: Pace) -> f64 {
        match pace {
            Pace::Slow => self.slow.mean,
            Pace::Fast => self.fast.mean,
            Pace::Sequence => self.sequence.get(),
            Pace::FirstSeen => self.first_seen,
        }
    }

    /// Calls taken in so far.
    #[must_use]
    pub const fn scored(&self) -> u64 {
        self.scored
    }

    /// Every score above its limit, the one that exceeds it by the largest factor first. The
    /// running means count from the `least`th call on: before, they are means of too few.
    #[must_use]
    pub fn crossings(&self, limits: &Limits, least: u64) -> Vec<Pace> {
        let is_mean = |pace: &Pace| matches!(pace, Pace::Slow | Pace::Fast);
        let counts = |pace: &Pace| self.scored >= least || !is_mean(pace);
        let factor = |pace: Pace| self.get(pace) / limits.of(pace);
        let paces = [Pace::Slow, Pace::Fast, Pace::Sequence, Pace::FirstSeen];
        let crossed = |pace: &Pace| factor(*pace) > 1.0;
        let mut paces: Vec<_> = paces.into_iter().filter(counts).filter(crossed).collect();
        paces.sort_by(|&a, &b| factor(b).total_cmp(&factor(a)));
        paces
    }

    /// Whether any score is above its limit, see [`Scores::crossings`].
    #[must_use]
    pub fn crosses(&self, limits: &Limits, least: u64) -> bool {
        let means = self.slow.mean > limits.slow || self.fast.mean > limits.fast;
        (means && self.scored >= least)
            || self.sequence.get() > limits.sequence
            || self.first_seen > limits.first_seen
    }

    /// Whether every score is well below its limit.
    #[must_use]
    pub fn is_calm(&self, limits: &Limits) -> bool {
        [Pace::Slow, Pace::Fast, Pace::Sequence, Pace::FirstSeen]
            .into_iter()
            .all(|pace| self.get(pace) < CALM_SHARE * limits.of(pace))
    }
}

/// The highest slow and fast score that a whole trace reaches, nats a call, from its
/// [`LEAST_CALLS`]th call on; `None` when it has fewer. A model's thresholds are a quantile of
/// these over held-out normal traces; of `threshold` only the time constants are used.
#[must_use]
pub fn highest_scores(surprises: &[f32], threshold: &Threshold) -> Option<(f64, f64)> {
    let mut scores = Scores::new(&threshold.into());
    let mut highest: Option<(f64, f64)> = None;
    for &nats in surprises {
        scores.push(nats);
        if scores.scored >= LEAST_CALLS {
            let (slow, fast) = highest.unwrap_or((f64::NEG_INFINITY, f64::NEG_INFINITY));
            highest = Some((slow.max(scores.slow.mean), fast.max(scores.fast.mean)));
        }
    }
    highest
}

#[cfg(test)]
mod tests;
