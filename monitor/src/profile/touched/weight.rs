//! How often a benign service touches something new, by kind.
//!
//! New things of a kind arrive at a rate that falls as the time learned grows: `λ` of them in every e-fold of it (Heaps' law
//! in the limit of a small exponent). A service's own `λ`, having seen `n` in the last [`FOLDS`] e-folds, is
//! `(shape + n) / (folds + FOLDS)` (Gamma-Poisson shrinkage; Robbins 1956). Shapes and folds are assumptions, not
//! measurements.

use super::Touched;
use crate::detail::access::Effect;
use crate::detail::{Detail, sensitive};

/// E-folds of the time learned, up to now, whose new things are counted.
const FOLDS: f64 = 2.0;

const DAY_S: f64 = 86_400.0;

/// What the rate of new things is known of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// On the list of those that are heavy wherever they are new.
    Sensitive,
    /// A program.
    Program,
    /// An address.
    Address,
    /// A number such as a flag or a request.
    Number,
    /// A file, or its name, rights or folder.
    File,
}

impl Kind {
    /// The kind of a detail, given generalised.
    #[must_use]
    pub fn of(detail: &Detail) -> Self {
        match detail {
            detail if sensitive::of(detail).is_some() => Self::Sensitive,
            Detail::Path(access, _) if access.effect() == Effect::Runs => Self::Program,
            Detail::Path(..) | Detail::UnreadablePath(_) => Self::File,
            Detail::Address(..) | Detail::UnreadableAddress(_) => Self::Address,
            Detail::Number(..) => Self::Number,
        }
    }

    /// As if so many had been seen in so many e-folds.
    const fn prior(self) -> (f64, f64) {
        match self {
            Self::Sensitive => (0.05, 3.0),
            Self::Program => (0.1, 2.0),
            Self::Address => (0.1, 1.5),
            Self::Number | Self::File => (0.5, 0.5),
        }
    }
}

impl Touched {
    /// How many new things of a kind are to be expected of the service in the day to come, `seconds` having been learned.
    #[must_use]
    pub fn expected_a_day(&self, kind: Kind, seconds: f64) -> f64 {
        let seconds = seconds.max(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time that was learned, in whole milliseconds"
        )]
        let since = (seconds * 1000.0 * (-FOLDS).exp()) as u64;
        let late = |(detail, thing): &(&Detail, &super::Thing)| {
            thing.first.millis >= since && Kind::of(detail) == kind
        };
        #[expect(clippy::cast_precision_loss, reason = "at most MOST_THINGS")]
        let late = self.things().iter().filter(late).count() as f64;
        let (shape, folds) = kind.prior();
        (shape + late) / (folds + FOLDS) * (DAY_S / seconds).ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Touched};
    use crate::profile::touched::Sighting;

    #[test]
    fn what_is_rare_gets_rarer_and_what_was_new_lately_is_expected_again() {
        let mut touched = Touched::default();
        let rate = |touched: &Touched, seconds| touched.expected_a_day(Kind::File, seconds);
        assert!(rate(&touched, 90.0) > rate(&touched, 3600.0));
        let early = touched.expected_a_day(Kind::Sensitive, 90.0);
        assert!(early < 0.33, "one in three days at most: {early}");
        let before = rate(&touched, 90.0);
        for (name, millis) in [("a", 1000), ("b", 60_000)] {
            let detail = format!("read:/srv/{name}").parse().expect("a detail");
            touched.learn(&detail, Sighting { calls: 0, millis });
        }
        // Only the one after 90 e^-2 = 12 s counts.
        let one = rate(&touched, 90.0) - before;
        assert!((one / (90.0_f64.recip() * 86_400.0).ln_1p() - 0.4).abs() < 1e-9);
    }
}
