//! STIDE: which share of a trace's short sequences never occurred in training?
//!
//! Forrest, Hofmeyr, Somayaji and Longstaff, "A sense of self for Unix processes" (1996): the
//! baseline every other detector of system calls is compared with, and a check of this harness.

use std::collections::HashSet;

/// Bits that hold one call of the vocabulary.
const CALL_BITS: u32 = 9;

/// The set of sequences of `n` calls that training showed.
#[derive(Clone, Debug)]
pub struct Stide {
    n: u32,
    known: HashSet<u128>,
}

impl Stide {
    /// The longest sequences it can hold.
    pub const LONGEST: u32 = u128::BITS / CALL_BITS;

    /// Learns every sequence of `n` calls of `traces`, whose calls are below 512.
    ///
    /// # Panics
    ///
    /// When `n` is 0 or above [`Stide::LONGEST`].
    pub fn fit<'a>(n: u32, traces: impl IntoIterator<Item = &'a [u16]>) -> Self {
        assert!((1..=Self::LONGEST).contains(&n), "sequences of {n} calls");
        let mut known = HashSet::new();
        for trace in traces {
            known.extend(sequences(n, trace));
        }
        Self { n, known }
    }

    /// The share of sequences of `trace` that training never showed; `None` when it is shorter
    /// than one sequence.
    #[must_use]
    pub fn score(&self, trace: &[u16]) -> Option<f64> {
        let (mut unseen, mut total) = (0u64, 0u64);
        for sequence in sequences(self.n, trace) {
            total += 1;
            unseen += u64::from(!self.known.contains(&sequence));
        }
        (total > 0).then(|| unseen as f64 / total as f64)
    }
}

/// Every sequence of `n` calls, packed.
fn sequences(n: u32, trace: &[u16]) -> impl Iterator<Item = u128> {
    let used = n * CALL_BITS;
    let mask = if used == u128::BITS {
        u128::MAX
    } else {
        (1 << used) - 1
    };
    let mut packed = 0u128;
    trace
        .iter()
        .map(move |&call| {
            debug_assert!(call < 1 << CALL_BITS, "call {call}");
            packed = (packed << CALL_BITS | u128::from(call)) & mask;
            packed
        })
        .skip(n as usize - 1)
}

#[cfg(test)]
mod tests {
    use super::Stide;

    #[test]
    fn the_score_is_the_share_of_sequences_not_seen() {
        let stide = Stide::fit(3, [&[1u16, 2, 3, 4][..], &[2, 3, 5]]);
        assert_eq!(stide.score(&[1, 2, 3, 4]), Some(0.0));
        assert_eq!(stide.score(&[1, 2, 3, 5]), Some(0.0));
        assert_eq!(stide.score(&[3, 4, 1, 2, 3]), Some(2.0 / 3.0));
        assert_eq!(stide.score(&[1, 2]), None);
    }

    #[test]
    fn sequences_do_not_reach_from_one_trace_into_the_next() {
        let stide = Stide::fit(2, [&[1u16, 2][..], &[3, 4]]);
        assert_eq!(stide.score(&[2, 3]), Some(1.0));
    }

    #[test]
    fn the_longest_sequences_are_told_apart() {
        let trace: Vec<u16> = (300..300 + Stide::LONGEST as u16).collect();
        let stide = Stide::fit(Stide::LONGEST, [&trace[..]]);
        assert_eq!(stide.score(&trace), Some(0.0));
        let mut other = trace.clone();
        other[0] = 0;
        assert_eq!(stide.score(&other), Some(1.0));
    }
}
