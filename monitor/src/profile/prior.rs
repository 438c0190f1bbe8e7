//! How often benign services come up with something new: what is known before a service is.
//!
//! New things of a class arrive at a rate that falls as the time learned grows: `λ` of them come in
//! every e-fold of it, so between the times `a` and `b` there are `λ ln(b/a)` on average (Heaps' law
//! in the limit of a small exponent; any growth that is left shows in the latest e-folds, which are
//! those that are counted). Services differ: `λ` is taken for Gamma-distributed over them, so that the
//! counts of a service are negative binomial, and a service's own rate is, having seen `n` in `f`
//! e-folds, `(shape + n) / (folds + f)` (Gamma-Poisson shrinkage; Robbins 1956).
//!
//! The table rests on what ten benign services (nginx, Apache, lighttpd, Redis, memcached, dnsmasq,
//! PostgreSQL, OpenSSH, a Python application, a shell script) came up with in the second e-folds of ten
//! minutes of varied life (81 s to 600 s): 11 ordinary calls, 5 consequential and 1 privileged, 3 names
//! (all of OpenSSH), 2 calls of a name, none of them privileged. Where none were seen it is half an event
//! in more than that time (Jeffreys). The numbers are rounded, and no attack was looked at.

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
        Class::Call => (0.7, 1.3, 0.5),
        Class::ConsequentialCall => (0.5, 2.0, 0.3),
        Class::PrivilegedCall => (0.5, 15.0, 0.05),
        Class::Name => (0.1, 1.5, 0.3),
        Class::CallOfName => (0.3, 2.5, 0.4),
        Class::PrivilegedCallOfName => (0.5, 30.0, 0.03),
        // Assumed: the recordings do not have what calls touch. Who touches one new thing mostly touches more.
        Class::Touch => (0.5, 0.5, 0.8),
        Class::AddressTouch => (0.1, 1.5, 0.3),
        Class::ProgramTouch => (0.1, 2.0, 0.3),
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

/// The prior of unseen sequences, as it was fitted.
pub const SEQUENCES: Tail = Tail {
    shape: 0.5,
    folds: 0.5,
    scale: 30.0,
};
