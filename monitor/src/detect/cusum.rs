//! The sum of what was never learned in a thread's sequences.
//!
//! A call *breaks* the sequence when the service never made it after the calls before it, back to
//! the last break and at most five. So a thread's life is cut into pieces that were all learned,
//! and one unseen transition is one break. A break adds its surprise, at most [`CLIP`]; every call
//! takes the drift off; below zero the sum does not go (Page 1954, Continuous inspection schemes).
//! Such a sum finds a change of unknown length soonest (Moustakides 1986): ten breaks among known
//! calls as well as a few every minute. What was learned, however rare it is, adds nothing.
//!
//! One transition that comes again and again is one new thing and not many: a service that idles
//! for the first time waits after it waited, for hours. The `m`th time that a thread breaks by the
//! same transition adds an `m`th of its surprise: as much as a model that learns on would lose by
//! it in sum, nearly (its `m`th occurrence among as many calls costs the logarithm of `m + 1` over
//! `m`).

/// What a break adds at most, nats: as if one call in four hundred were like it.
pub const CLIP: f32 = 6.0;

/// What a threshold is at least, nats: one unseen transition is not enough, nor is one known call
/// in the wrong place, which breaks the sequence before and behind it.
pub const LEAST: f64 = 2.0 * CLIP as f64;

/// Different transitions of which it is known how often a thread broke by them; of more the one
/// that came longest ago is forgotten.
const MOST_TRANSITIONS: usize = 64;

/// A transition: what tells a call and the one before it from others.
pub type Transition = [u32; 2];

/// The sum held at zero.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cusum {
    sum: f64,
    repeats: Repeats,
}

/// How often a thread broke its sequence by which transition, the latest last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repeats(Vec<(Transition, u32)>);

impl Cusum {
    /// Takes in a call: by which transition it breaks the sequence and how much it surprises, nats,
    /// if it does; and the drift.
    pub fn push(&mut self, broken: Option<(Transition, f32)>, drift: f64) {
        let nats = broken.map_or(0.0, |(by, surprise)| self.repeats.added(by, surprise));
        self.sum = (self.sum + nats - drift).max(0.0);
    }

    /// The sum, nats.
    #[must_use]
    pub const fn get(&self) -> f64 {
        self.sum
    }

    /// Takes `nats` for what can be shown of the sum.
    pub const fn set(&mut self, nats: f64) {
        self.sum = nats;
    }
}

impl Repeats {
    /// What a break by this transition adds, nats, and takes note of it.
    pub fn added(&mut self, by: Transition, surprise: f32) -> f64 {
        let place = self.0.iter().rposition(|it| it.0 == by);
        let before = match place {
            Some(place) => self.0.remove(place).1,
            None => 0,
        };
        if self.0.len() >= MOST_TRANSITIONS {
            self.0.remove(0);
        }
        let times = before.saturating_add(1);
        self.0.push((by, times));
        f64::from(surprise.clamp(0.0, CLIP)) / f64::from(times)
    }
}

#[cfg(test)]
mod tests {
    use super::{CLIP, Cusum, LEAST, MOST_TRANSITIONS, Repeats, Transition};

    /// The highest sum over calls of which some break by a transition.
    fn highest(calls: u32, drift: f64, breaks: impl Fn(u32) -> Option<Transition>) -> f64 {
        let mut sum = Cusum::default();
        let sums = (0..calls).map(|call| {
            sum.push(breaks(call).map(|by| (by, 30.0)), drift);
            sum.get()
        });
        sums.fold(0.0, f64::max)
    }

    /// A transition of its own for each of a hundred calls.
    fn odd(call: u32) -> Option<Transition> {
        Some([call % 100, 7])
    }

    #[test]
    fn learned_calls_add_nothing_and_one_break_never_reaches_a_threshold() {
        assert_eq!(highest(100_000, 0.0, |_| None), 0.0);
        assert!(highest(100_000, 0.0, |call| (call == 500).then_some([1, 2])) < LEAST);
        let added = |nats| Repeats::default().added([1, 2], nats);
        assert_eq!(added(1.5), 1.5);
        assert_eq!(added(-0.1), 0.0);
        assert_eq!(added(f32::INFINITY), f64::from(CLIP));
    }

    #[test]
    fn ten_breaks_among_known_calls_and_one_every_two_seconds_are_both_seen() {
        // A service whose held-out calls break once in ten thousand, and a drift of three times
        // that.
        let drift = 3.0 * f64::from(CLIP) / 10_000.0;
        let short =
            |call: u32| ((500..550).contains(&call) && call.is_multiple_of(5)).then_some(call);
        assert!(highest(2_000, drift, |call| short(call).and_then(odd)) > 4.0 * LEAST);
        // A minute of a thread that makes a hundred calls a second; each breaks before and behind.
        let slow = |call: u32| match call % 200 {
            0 => Some([1, 2]),
            1 => Some([2, 1]),
            _ => None,
        };
        assert!(highest(6_000, drift, slow) > 2.0 * LEAST);
        // The same breaks at the rate that was held out stay low.
        let held_out = |call: u32| call.is_multiple_of(10_000).then_some(call / 10_000);
        assert!(highest(10_000_000, drift, |call| held_out(call).and_then(odd)) < LEAST);
    }

    #[test]
    fn a_transition_that_goes_on_for_hours_adds_less_and_less() {
        let drift = 3.0 * f64::from(CLIP) / 10_000.0;
        let idle = |_| Some([3, 3]);
        let (minute, hour) = (highest(60, drift, idle), highest(3_600, drift, idle));
        assert!(minute < 5.0 * f64::from(CLIP), "{minute}");
        assert!(hour < minute + 5.0 * f64::from(CLIP), "{hour}");
        assert_eq!(
            highest(360_000, drift, idle),
            hour.max(highest(36_000, drift, idle))
        );
    }

    #[test]
    fn transitions_that_nobody_can_count_take_no_memory() {
        let mut repeats = Repeats::default();
        (0..=99_999).for_each(|token| assert!(repeats.added([token, 1], 9.0) > 5.0));
        assert_eq!(repeats.0.len(), MOST_TRANSITIONS);
        assert_eq!(repeats.added([99_999, 1], 6.0), 3.0, "the latest are kept");
    }
}
