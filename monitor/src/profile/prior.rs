//! How often benign services come up with something new: what is known before a service is.
//!
//! New things of a class arrive at a rate that falls as the time learned grows: `λ` of them come in
//! every e-fold of it, so between the times `a` and `b` there are `λ ln(b/a)` on average (Heaps' law
//! in the limit of a small exponent; any growth that is left shows in the latest e-folds, which are
//! those that are counted). Services differ: `λ` is taken for Gamma-distributed over them, so that the
//! counts of a service are negative binomial, and a service's own rate is, having seen `n` in `f`
//! e-folds, `(shape + n) / (folds + f)` (Gamma-Poisson shrinkage; Robbins 1956).
//!
//! The table rests on what ten benign services came up with in 95 minutes of varied life, its first 81
//! seconds left out (nginx, Apache, lighttpd, Redis, memcached, dnsmasq, PostgreSQL, OpenSSH, a Python
//! application and a shell script; idle times, bursts, restarts, reloads, rotated logs, bad requests,
//! slow clients, administrators), 42 service-e-folds: 39 ordinary calls in nine services, 14
//! consequential in eight, 1 privileged, 14 names and 16 calls of a name in two and three, none of them
//! privileged. Shape and folds of names and calls of a name are the likeliest by the negative binomial;
//! of ordinary and consequential calls, which services have alike, the shape is bounded by 2; of what
//! came once or never it is half an event in as many e-folds as there were (Jeffreys). Of 96 flights with
//! something new, 43 had more of it. No attack was looked at.
//!
//! Not measured but assumed is all that concerns what calls touch (the four classes of touches), since the recordings have
//! no details: that a service comes up with a new file or flag about once in an e-fold and in company, with a new address, a new
//! program's file or something sensitive ten times less often or rarer still; and that services differ widely in it, so that what
//! a service itself shows takes over soon (a small shape over few e-folds). Assumed as well is [`SEQUENCES`]. `docs/calibration.md` shows
//! what false alarms come by the measured ones, with each service left out in turn.

use crate::profile::class::Class;

/// What is known of a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prior {
    /// The shape of the Gamma distribution: as if so many had been seen …
    pub shape: f64,
    /// … in so many e-folds.
    pub folds: f64,
    /// The probability that something of the class is new beside something else in one flight.
    pub beside: f64,
}

/// The prior of a class, as it was fitted.
#[must_use]
pub const fn prior(class: Class) -> Prior {
    let (shape, folds, beside) = match class {
        Class::Call => (2.0, 2.2, 0.5),
        Class::ConsequentialCall => (2.0, 6.0, 0.2),
        Class::PrivilegedCall => (0.5, 20.0, 0.03),
        Class::Name => (0.08, 0.25, 0.3),
        Class::CallOfName => (0.18, 0.5, 0.6),
        Class::PrivilegedCallOfName => (0.5, 42.0, 0.02),
        // Assumed, as said above. Who touches one new thing mostly touches more.
        Class::Touch => (0.5, 0.5, 0.8),
        Class::AddressTouch => (0.1, 2.0, 0.3),
        Class::ProgramTouch => (0.1, 3.0, 0.3),
        Class::SensitiveTouch => (0.05, 3.0, 0.1),
    };
    Prior {
        shape,
        folds,
        beside,
    }
}

/// What is known of unseen sequences: how often the sum of what was never learned
/// ([`crate::detect::cusum`]) goes above a height before it falls to zero again, on lives that were
/// left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// The shape of the Gamma distribution of the rate over services, at the least threshold.
    pub shape: f64,
    /// Its e-folds.
    pub folds: f64,
    /// By how many nats a threshold must be higher to be crossed less often by a factor of e.
    pub scale: f64,
}

/// Every prior. A service is judged by those that were fitted; only who fits them and leaves its service
/// out puts others in their place.
#[derive(Clone, Debug, PartialEq)]
pub struct Priors {
    /// By the place of a class in [`Class::ALL`].
    pub classes: Vec<Prior>,
    /// Of unseen sequences.
    pub sequences: Tail,
}

impl Default for Priors {
    fn default() -> Self {
        Self {
            classes: Class::ALL.map(prior).into(),
            sequences: SEQUENCES,
        }
    }
}

impl Priors {
    /// The prior of a class.
    #[must_use]
    pub fn of(&self, class: Class) -> Prior {
        let mine = self.classes.get(usize::from(class.code())).copied();
        mine.unwrap_or_else(|| prior(class))
    }
}

/// The prior of unseen sequences: assumed.
pub const SEQUENCES: Tail = Tail {
    shape: 0.5,
    folds: 0.5,
    scale: 30.0,
};
