//! Categorical cross-entropy over a softmax, and next-call accuracy.

use super::kernel;
use super::real::Real;

/// A target that stands for "no call here": padding.
pub const NO_TARGET: u16 = u16::MAX;

/// Sums over predicted calls.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    /// Surprise, in nats.
    pub nats: f64,
    /// Calls that were the likeliest.
    pub correct: u64,
    /// Calls.
    pub calls: u64,
}

impl Tally {
    /// Adds another sum.
    pub fn add(&mut self, other: Self) {
        self.nats += other.nats;
        self.correct += other.correct;
        self.calls += other.calls;
    }

    /// Mean surprise, nats a call; 0 without a call.
    #[must_use]
    pub fn loss(&self) -> f64 {
        self.nats / self.calls.max(1) as f64
    }

    /// Share of calls that were the likeliest.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.calls.max(1) as f64
    }
}

/// Adds each row's surprise to the tally and turns `logits` (`[targets.len(), vocabulary]`) into
/// the gradient of `scale ·` their sum.
pub fn cross_entropy<T: Real>(
    logits: &mut [T],
    targets: &[u16],
    vocabulary: usize,
    scale: T,
) -> Tally {
    let mut tally = Tally::default();
    for (row, &target) in logits.chunks_exact_mut(vocabulary).zip(targets) {
        if target == NO_TARGET {
            row.fill(T::ZERO);
            continue;
        }
        let target = usize::from(target);
        let logit = row[target];
        tally.correct += u64::from(likeliest(row) == target);
        tally.calls += 1;
        let log_sum = kernel::softmax(row);
        tally.nats += (log_sum - logit).to_f64();
        row[target] += -T::ONE;
        row.iter_mut().for_each(|value| *value *= scale);
    }
    tally
}

/// Turns rows of logits into surprises of the targets, in nats; 0 where there is no target.
pub fn surprises<T: Real>(logits: &mut [T], targets: &[u16], vocabulary: usize) -> Vec<T> {
    let rows = logits.chunks_exact_mut(vocabulary).zip(targets);
    rows.map(|(row, &target)| {
        if target == NO_TARGET {
            return T::ZERO;
        }
        let logit = row[usize::from(target)];
        kernel::softmax(row) - logit
    })
    .collect()
}

/// The first index with the highest value.
fn likeliest<T: Real>(row: &[T]) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::{NO_TARGET, cross_entropy};

    #[test]
    fn uniform_logits_cost_the_logarithm_of_the_vocabulary() {
        let mut logits = vec![3.0f64; 2 * 37];
        let tally = cross_entropy(&mut logits, &[5, NO_TARGET], 37, 1.0);
        assert!((tally.nats - 37f64.ln()).abs() < 1e-12);
        assert_eq!(tally.calls, 1);
        assert!((logits[5] - (1.0 / 37.0 - 1.0)).abs() < 1e-12);
        assert!(logits[37..].iter().all(|&d| d == 0.0));
    }
}
