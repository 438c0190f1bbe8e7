//! STIDE: which share of a trace's short sequences never occurred in training?
//!
//! Forrest, Hofmeyr, Somayaji and Longstaff, "A sense of self for Unix processes" (1996): the
//! baseline every other detector of system calls is compared with, and a check of this harness.

use std::collections::HashSet;

/// Bits that hold one call: an ADFA-LD index or a token of a service's own vocabulary.
const CALL_BITS: u32 = 12;

/// The last `n` calls of a stream, packed into one number.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    n: u32,
    calls: u32,
    packed: u128,
}

impl Window {
    /// The longest sequences it can hold.
    pub const LONGEST: u32 = u128::BITS / CALL_BITS;

    /// One for sequences of `n` calls, before the first call.
    ///
    /// # Panics
    ///
    /// When `n` is 0 or above [`Window::LONGEST`].
    #[must_use]
    pub fn new(n: u32) -> Self {
        assert!((1..=Self::LONGEST).contains(&n), "sequences of {n} calls");
        Self {
            n,
            calls: 0,
            packed: 0,
        }
    }

    /// Takes the next call, which is below 4096; the sequence that ends with it, once there are
    /// enough.
    pub fn push(&mut self, call: u16) -> Option<u128> {
        debug_assert!(call < 1 << CALL_BITS, "call {call}");
        let mask = (1 << (self.n * CALL_BITS)) - 1;
        self.packed = (self.packed << CALL_BITS | u128::from(call)) & mask;
        self.calls = (self.calls + 1).min(self.n);
        (self.calls == self.n).then_some(self.packed)
    }
}

/// The set of sequences of `n` calls that training showed.
#[derive(Clone, Debug)]
pub struct Stide {
    n: u32,
    known: HashSet<u128>,
}

impl Stide {
    /// Learns every sequence of `n` calls of `traces`, whose calls are below 4096.
    ///
    /// # Panics
    ///
    /// When `n` is 0 or above [`Window::LONGEST`].
    pub fn fit<'a>(n: u32, traces: impl IntoIterator<Item = &'a [u16]>) -> Self {
        let known = traces.into_iter().flat_map(|trace| sequences(n, trace));
        Self::of(n, known)
    }

    /// The set of sequences that a [`Window`] of `n` calls gave.
    #[must_use]
    pub fn of(n: u32, known: impl IntoIterator<Item = u128>) -> Self {
        Self {
            n,
            known: known.into_iter().collect(),
        }
    }

    /// Whether training showed the sequence.
    #[must_use]
    pub fn knows(&self, sequence: u128) -> bool {
        self.known.contains(&sequence)
    }

    /// The share of sequences of `trace` that training never showed; `None` when it is shorter
    /// than one sequence.
    #[must_use]
    pub fn score(&self, trace: &[u16]) -> Option<f64> {
        let (mut unseen, mut total) = (0u64, 0u64);
        for sequence in sequences(self.n, trace) {
            total += 1;
            unseen += u64::from(!self.knows(sequence));
        }
        (total > 0).then(|| unseen as f64 / total as f64)
    }
}

/// Every sequence of `n` calls, packed.
fn sequences(n: u32, trace: &[u16]) -> impl Iterator<Item = u128> {
    let mut window = Window::new(n);
    trace.iter().filter_map(move |&call| window.push(call))
}

#[cfg(test)]
mod tests {
    use super::{Stide, Window};

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
        let trace: Vec<u16> = (4000..4000 + Window::LONGEST as u16).collect();
        let stide = Stide::fit(Window::LONGEST, [&trace[..]]);
        assert_eq!(stide.score(&trace), Some(0.0));
        let mut other = trace.clone();
        other[0] = 0;
        assert_eq!(stide.score(&other), Some(1.0));
    }
}
