//! How high the sum of what was never learned goes in benign life, and how often.
//!
//! Held-out lives say how many peaks of that sum ([`crate::detect::cusum`]) are at least so high.
//! As each was scored without what it itself taught, they are the news of the last [`FOLDS`]
//! e-folds of the time learned. Beyond the highest of them the tail is taken for an exponential one
//! (peaks over a threshold, Davison & Smith 1990, with shape 0), and both are weighed with what
//! other benign services have in common ([`SEQUENCES`](crate::profile::prior::SEQUENCES)): little
//! data keep a threshold high.

use crate::detect::cusum::LEAST;
use crate::profile::held_out::HeldOut;
use crate::profile::prior;
use crate::profile::sightings::FOLDS;

/// Peaks to which the tail is fitted, at most.
const FITTED: usize = 50;

/// As many peaks the common scale of the tail counts for.
const COMMON: f64 = 5.0;

/// A threshold that is never needed, nats.
const HIGHEST: f64 = 1e5;

/// The tail of a service's peaks.
pub struct Tail<'a> {
    held_out: &'a HeldOut,
    prior: prior::Tail,
    scale: f64,
}

impl<'a> Tail<'a> {
    /// That of these peaks.
    #[must_use]
    pub fn new(held_out: &'a HeldOut, prior: prior::Tail) -> Self {
        let peaks = &held_out.peaks;
        let fitted = FITTED.min(peaks.len() / 2);
        let from = peaks.get(fitted).copied().unwrap_or_default();
        let excess: f64 = peaks[..fitted].iter().map(|peak| peak - from).sum();
        #[expect(clippy::cast_precision_loss, reason = "at most FITTED")]
        let scale = (prior.scale * COMMON + excess) / (COMMON + fitted as f64);
        Self {
            held_out,
            prior,
            scale,
        }
    }

    /// How often the sum goes to `nats` or higher in an e-fold of the time learned.
    #[must_use]
    pub fn rate(&self, nats: f64) -> f64 {
        let HeldOut { peaks, calls, .. } = self.held_out;
        let seen = match peaks.first() {
            Some(highest) if nats > *highest => ((highest - nats) / self.scale).exp(),
            _ => {
                let seen = peaks.partition_point(|&peak| peak >= nats);
                #[expect(clippy::cast_precision_loss, reason = "at most MOST_PEAKS")]
                let seen = seen as f64;
                seen
            }
        };
        let prior::Tail {
            shape,
            folds,
            scale,
        } = self.prior;
        let shape = shape * ((LEAST - nats) / scale).exp();
        let own = if *calls > 0 { FOLDS } else { 0.0 };
        (shape + seen) / (folds + own)
    }

    /// The height that fewer than `events` sums reach in that many e-folds, nats; never below
    /// [`LEAST`].
    #[must_use]
    pub fn threshold(&self, events: f64, folds: f64) -> f64 {
        let keeps = |nats: f64| self.rate(nats) * folds <= events;
        if keeps(LEAST) {
            return LEAST;
        }
        let (mut low, mut high) = (LEAST, HIGHEST);
        for _ in 0..80 {
            let middle = f64::midpoint(low, high);
            if keeps(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        high
    }
}

#[cfg(test)]
mod tests {
    use super::Tail;
    use crate::detect::cusum::LEAST;
    use crate::profile::held_out::HeldOut;
    use crate::profile::prior::SEQUENCES;

    fn held_out(peaks: impl IntoIterator<Item = f64>) -> HeldOut {
        let mut held_out = HeldOut {
            calls: 100_000,
            ..HeldOut::default()
        };
        peaks.into_iter().for_each(|peak| held_out.push(peak));
        held_out
    }

    #[test]
    fn a_threshold_falls_with_the_budget_and_never_below_the_least() {
        for peaks in [
            vec![],
            vec![5.0],
            vec![90.0],
            (1..400).map(f64::from).collect(),
        ] {
            let held_out = held_out(peaks);
            let tail = Tail::new(&held_out, SEQUENCES);
            let mut before = f64::INFINITY;
            for step in 0..300 {
                let threshold = tail.threshold(1e-6 * 1.1_f64.powi(step), 5.0);
                assert!((LEAST..=before).contains(&threshold), "{step}: {threshold}");
                before = threshold;
            }
            assert_eq!(before, LEAST);
        }
    }

    #[test]
    fn little_data_raise_a_threshold() {
        let nothing = HeldOut::default();
        let some = held_out([]);
        let (without, with) = (Tail::new(&nothing, SEQUENCES), Tail::new(&some, SEQUENCES));
        assert!(without.threshold(0.5, 5.0) > with.threshold(0.5, 5.0));
        assert!(with.threshold(0.5, 9.0) >= with.threshold(0.5, 5.0));
    }

    #[test]
    fn what_was_seen_when_it_was_held_out_is_kept_to() {
        let held_out = held_out((1..=100).map(f64::from));
        let tail = Tail::new(&held_out, SEQUENCES);
        // Ten peaks of the last two e-folds are at least 91 high.
        let threshold = tail.threshold(10.0, 2.0);
        assert!((85.0..=92.0).contains(&threshold), "{threshold}");
        assert!(tail.threshold(0.1, 1.0) > 100.0);
    }
}
