//! How many benign new things are to be expected, and what evidence is rarer than a budget.

use crate::profile::class::Class;
use crate::profile::known::{Known, worth};

/// How often something new comes with more: 43 of the 96 flights that the priors rest on.
const WITH_MORE: f64 = 43.0 / 96.0;

/// E-folds by which the time learned grows within `seconds` more.
#[must_use]
pub fn folds(exposure: f64, seconds: f64) -> f64 {
    (seconds / exposure).ln_1p()
}

/// What benign new things a service is expected to come up with.
pub struct Arrivals {
    /// Rate and worth of each class.
    classes: Vec<(f64, f64)>,
    /// Whether what calls touch is known.
    touches: bool,
}

impl Arrivals {
    /// Those of the service of which this is known.
    #[must_use]
    pub fn new(known: &Known) -> Self {
        // A source that says nothing of what calls touch comes up with nothing new of it.
        let of_touches = Class::ALL.iter().filter(|class| class.is_touch());
        let touches = of_touches
            .clone()
            .any(|&class| !known.sightings().of(class).is_empty());
        let of_class = |&class: &Class| {
            let rate = known.rate(class);
            let counted = if class.is_touch() && !touches {
                0.0
            } else {
                rate
            };
            (counted, worth(rate))
        };
        Self {
            classes: Class::ALL.iter().map(of_class).collect(),
            touches,
        }
    }

    /// Whether something of a class can come up.
    #[must_use]
    pub const fn can_be(&self, class: Class) -> bool {
        self.touches || !class.is_touch()
    }

    /// How many flights with new things worth at least `nats` together are expected in an e-fold.
    ///
    /// What is new by itself counts when it is worth that much; if it is worth less, others must
    /// come beside it, which happens as rarely as they are worth
    /// ([`evidence`](crate::profile::known::evidence)).
    ///
    /// Files and flags also come in numbers, which are as rare as they are worth.
    #[must_use]
    pub fn heavier(&self, nats: f64) -> f64 {
        let of_class = |(class, &(rate, worth)): (&Class, &(f64, f64))| {
            if worth >= nats {
                return rate;
            }
            let with_others = rate * WITH_MORE * (worth - nats).exp();
            let in_numbers = match class {
                Class::Touch => (-nats).exp(),
                _ => 0.0,
            };
            (with_others + in_numbers).min(rate)
        };
        Class::ALL.iter().zip(&self.classes).map(of_class).sum()
    }

    /// How many flights are expected in an e-fold whose heaviest new thing is of that class, or
    /// heavier.
    #[must_use]
    pub fn of(&self, class: Class) -> f64 {
        self.heavier(self.worth(class))
    }

    /// What something new of a class is worth, nats.
    #[must_use]
    pub fn worth(&self, class: Class) -> f64 {
        self.classes[usize::from(class.code())].1
    }

    /// The evidence that fewer than `events` flights exceed in that many e-folds, nats.
    #[must_use]
    pub fn threshold(&self, events: f64, folds: f64) -> f64 {
        let allowed = events / folds.max(f64::MIN_POSITIVE);
        let (mut low, mut high) = (0.0, 64.0);
        if self.heavier(f64::MIN_POSITIVE) <= allowed {
            return low;
        }
        // `high` always keeps to the budget, so it stays above the worth of a class that does not.
        for _ in 0..64 {
            let middle = f64::midpoint(low, high);
            if self.heavier(middle) > allowed {
                low = middle;
            } else {
                high = middle;
            }
        }
        high
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrivals, folds};
    use crate::profile::class::Class;
    use crate::profile::known::Known;
    use crate::profile::sightings::{Learned, Sightings};

    /// A service that was learned for so long, and came up with one new thing of each of these
    /// classes at these times.
    fn known(seconds: f64, seen: &[(Class, &[f64])]) -> Known {
        let at = |&seconds: &f64| Learned { calls: 1, seconds };
        let seen = seen
            .iter()
            .map(|(class, all)| (*class, all.iter().map(at).collect()));
        let learned = Learned {
            calls: 10_000 * seconds as u64,
            seconds,
        };
        Known::from_parts([], Sightings::from_parts(seen), learned)
    }

    #[test]
    fn time_learned_grows_by_e_folds() {
        assert!((folds(600.0, 86_400.0) - 145_f64.ln()).abs() < 1e-12);
        assert!(folds(86_400.0, 60.0) < 1e-3);
    }

    #[test]
    fn a_settled_service_is_told_of_one_privileged_call_and_of_one_program_under_one_a_day() {
        let at_start: &[f64] = &[0.1, 0.5, 3.0];
        let seen = |touches: bool| -> Vec<_> {
            let classes = Class::ALL
                .iter()
                .filter(|class| touches || !class.is_touch());
            classes.map(|&class| (class, at_start)).collect()
        };
        let arrivals = Arrivals::new(&known(600.0, &seen(false)));
        let threshold = arrivals.threshold(0.9, folds(600.0, 86_400.0));
        assert!(arrivals.worth(Class::PrivilegedCall) > threshold);
        assert!(arrivals.worth(Class::Name) > threshold);
        assert!(arrivals.worth(Class::Call) <= threshold);
        // Where what calls touch is known, a program comes with its file.
        let arrivals = Arrivals::new(&known(600.0, &seen(true)));
        let threshold = arrivals.threshold(0.9, folds(600.0, 86_400.0));
        assert!(arrivals.worth(Class::PrivilegedCall) > threshold);
        assert!(arrivals.worth(Class::SensitiveTouch) > threshold);
        let beside = -crate::profile::prior::prior(Class::Name).beside.ln();
        assert!(arrivals.worth(Class::ProgramTouch) + beside > threshold);
    }

    #[test]
    fn programs_that_come_all_the_time_are_not_told_of_and_privileged_calls_are() {
        let often: Vec<f64> = (100..600).step_by(25).map(f64::from).collect();
        let arrivals = Arrivals::new(&known(600.0, &[(Class::Name, &often)]));
        let threshold = arrivals.threshold(0.9, folds(600.0, 86_400.0));
        assert!(arrivals.worth(Class::Name) <= threshold);
        assert!(arrivals.worth(Class::PrivilegedCall) > threshold);
    }

    #[test]
    fn more_files_at_once_are_as_rare_as_they_are_worth() {
        let touched: &[f64] = &[0.1];
        let with = Arrivals::new(&known(600.0, &[(Class::Touch, touched)]));
        let without = Arrivals::new(&known(600.0, &[]));
        let mut before = f64::INFINITY;
        for step in 0..60 {
            let nats = f64::from(step) / 10.0;
            let heavier = with.heavier(nats);
            assert!(heavier <= before, "{heavier} at {nats}");
            before = heavier;
        }
        for nats in [2.0_f64, 4.0, 6.0] {
            let more = with.heavier(nats) - without.heavier(nats);
            assert!(more > (-nats).exp(), "{more} at {nats}");
        }
    }

    #[test]
    fn the_threshold_falls_with_the_budget_and_with_what_was_learned() {
        let arrivals = Arrivals::new(&known(100.0, &[(Class::Call, &[20.0, 90.0])]));
        let mut before = f64::INFINITY;
        for step in 0..200 {
            let threshold = arrivals.threshold(1e-3 * 1.1_f64.powi(step), 3.0);
            assert!((0.0..=before).contains(&threshold), "{step}");
            before = threshold;
        }
        assert_eq!(before, 0.0);
        let later = folds(10_000.0, 86_400.0);
        assert!(arrivals.threshold(0.3, later) <= arrivals.threshold(0.3, folds(100.0, 86_400.0)));
    }
}
