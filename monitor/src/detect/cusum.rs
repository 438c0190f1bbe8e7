//! The sum of what was never learned in a thread's sequences.
//!
//! A call *breaks* the sequence when the service never made it after the calls before it, back to the
//! last break and at most five. So a thread's life is cut into pieces that were all learned, and one
//! unseen transition is one break. A break adds its surprise, at most [`CLIP`]; every call takes the
//! drift off; below zero the sum does not go (Page 1954, Continuous inspection schemes). Such a sum finds
//! a change of unknown length soonest (Moustakides 1986): ten breaks among known calls as well as a
//! few every minute. What was learned, however rare it is, adds nothing.

/// What a break adds at most, nats: as if one call in four hundred were like it.
pub const CLIP: f32 = 6.0;

/// What a threshold is at least, nats: one unseen transition is not enough, nor is one known call in
/// the wrong place, which breaks the sequence before and behind it.
pub const LEAST: f64 = 2.0 * CLIP as f64;

/// The sum held at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cusum {
    sum: f64,
}

impl Cusum {
    /// Takes in a call: what it adds, nats, 0 unless it breaks the sequence; and the drift.
    pub fn push(&mut self, nats: f32, drift: f64) {
        self.sum = (self.sum + f64::from(nats) - drift).max(0.0);
    }

    /// The sum, nats.
    #[must_use]
    pub const fn get(&self) -> f64 {
        self.sum
    }

    /// Takes `nats` for what can be shown of the sum.
    pub fn set(&mut self, nats: f64) {
        self.sum = nats;
    }
}

/// What a call of this surprise adds.
#[must_use]
pub fn added(breaks: bool, surprise: f32) -> f32 {
    if breaks {
        surprise.clamp(0.0, CLIP)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::{CLIP, Cusum, LEAST, added};

    /// The highest sum over calls of which those at `breaks` add `CLIP`.
    fn highest(calls: u32, drift: f64, breaks: impl Fn(u32) -> bool) -> f64 {
        let mut sum = Cusum::default();
        let sums = (0..calls).map(|call| {
            sum.push(added(breaks(call), 30.0), drift);
            sum.get()
        });
        sums.fold(0.0, f64::max)
    }

    #[test]
    fn learned_calls_add_nothing_and_one_break_never_reaches_a_threshold() {
        assert_eq!(highest(100_000, 0.0, |_| false), 0.0);
        assert!(highest(100_000, 0.0, |call| call == 500) < LEAST);
        assert_eq!(added(true, 1.5), 1.5);
        assert_eq!(added(true, -0.1), 0.0);
        assert_eq!(added(true, f32::INFINITY), CLIP);
    }

    #[test]
    fn ten_breaks_among_known_calls_and_one_every_two_seconds_are_both_seen() {
        // A service whose held-out calls break once in ten thousand, and a drift of three times that.
        let drift = 3.0 * f64::from(CLIP) / 10_000.0;
        assert!(
            highest(2_000, drift, |call| (500..550).contains(&call)
                && call % 5 == 0)
                > 4.0 * LEAST
        );
        // A minute of a thread that makes a hundred calls a second.
        assert!(highest(6_000, drift, |call| call % 200 == 0) > 4.0 * LEAST);
        // The same breaks at the rate that was held out stay low.
        assert!(highest(10_000_000, drift, |call| call % 10_000 == 0) < LEAST);
    }
}
