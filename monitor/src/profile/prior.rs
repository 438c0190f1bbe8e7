//! How often benign services come up with something new: what is known before a service is.
//!
//! New things of a class arrive at a rate that falls as the time learned grows: `λ` of them come in
//! every e-fold of it, so between the times `a` and `b` there are `λ ln(b/a)` on average (Heaps'
//! law in the limit of a small exponent; any growth that is left shows in the latest e-folds, which
//! are those that are counted). Services differ: `λ` is taken for Gamma-distributed over them, so
//! that the counts of a service are negative binomial, and a service's own rate is, having seen `n`
//! in `f` e-folds, `(shape + n) / (folds + f)` (Gamma-Poisson shrinkage; Robbins 1956).
//!
//! The table rests on what ten benign services came up with in 95 minutes of varied life, its first
//! 81 seconds left out (nginx, Apache, lighttpd, Redis, memcached, dnsmasq, PostgreSQL, OpenSSH, a
//! Python application and a shell script; idle times, bursts, restarts, reloads, rotated logs, bad
//! requests, slow clients, administrators), 42 service-e-folds: 39 ordinary calls in nine services,
//! 14 consequential in eight, 1 privileged, 14 names and 16 calls of a name in two and three, none
//! of them privileged. Shape and folds of names and calls of a name are the likeliest by the
//! negative binomial; of ordinary and consequential calls, which services have alike, the shape is
//! bounded by 2; of what came once or never it is half an event in as many e-folds as there were
//! (Jeffreys). Of 96 flights with something new, 43 had more of it. No attack was looked at.
//!
//! What calls touch rests on the same ten services in other lives of 73 minutes, recorded with
//! details, 39.9 service-e-folds. Files and flags were new in 32 flights of eight services, and
//! services have them alike; files of programs 11 times in one service, and addresses of a network
//! never. How widely services differ in those is assumed: some call others all day, so what a
//! service shows itself takes over soon (few e-folds), and the shape is that by which it is as
//! likely as not that none of the ten did. Something sensitive was new twice, both by an
//! administrator's `ps`, which reads every process' environment; its prior is an assumption, as the
//! list of what is sensitive is. Assumed as well is [`SEQUENCES`]. `docs/calibration.md` shows what
//! false alarms come by all of it, with each service left out in turn.

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
        Class::Touch => (2.0, 2.4, 0.3),
        Class::AddressTouch => (0.03, 0.5, 0.3),
        Class::ProgramTouch => (0.03, 0.1, 0.3),
        Class::SensitiveTouch => (0.05, 3.0, 0.1),
    };
    Prior {
        shape,
        folds,
        beside,
    }
}

/// The exponent by which it gets rarer that one flight touches so many new files and flags: `n` or
/// more of them come `n` to the minus this times as often as one. Of 30 benign flights with some
/// and without a new program, 24 had one, 5 two and one six: Hill's estimator is 5.7 (3.7 to 7.7;
/// Hill 1975). Taken for smaller, since so few say little of how long the tail is.
pub const BURST: f64 = 2.0;

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

/// Every prior. A service is judged by those that were fitted; only who fits them and leaves its
/// service out puts others in their place.
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
