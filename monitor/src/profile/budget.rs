//! From the false alarms that a user accepts to the thresholds that keep to them.
//!
//! Each of the two kinds of evidence has a share of the budget. New things come the more rarely the
//! longer a service was learned ([`arrivals`](crate::profile::arrivals)), and so do sequences that
//! were never learned ([`tail`](crate::profile::tail)): what counts is how many benign events of
//! that weight are expected over the budget's own span, or over that in which it accepts one, and
//! not how rare a call is among others.

pub mod poisson;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::profile::arrivals::{Arrivals, folds};
use crate::profile::class::Class;
use crate::profile::sightings::ASSUMED_CALLS_PER_SECOND;
use crate::profile::tail::Tail;
use crate::profile::{Profile, Thresholds};

/// The share of the budget that new things have: most of it, since one of them says more to a
/// person than an order of calls does. Sequences have the rest, and no more of it: when they had a
/// fifth, they brought 4 of the 10 false incidents that came under one a day.
const FIRST_SEEN: f64 = 0.9;

const DAY_S: f64 = 86_400.0;

/// False alarms that a user accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    alarms: f64,
    per: Per,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Per {
    Hour,
    Day,
    Week,
    Million,
}

impl Default for Budget {
    /// One a day.
    fn default() -> Self {
        Self {
            alarms: 1.0,
            per: Per::Day,
        }
    }
}

/// What a budget looks like.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("give a number above 0 and a span, as in 1/day, 10/week, 2/hour, or 0.1/million for calls")]
pub struct BudgetError;

impl FromStr for Budget {
    type Err = BudgetError;

    fn from_str(text: &str) -> Result<Self, BudgetError> {
        let (alarms, per) = text
            .split_once('/')
            .or_else(|| text.split_once(" per "))
            .ok_or(BudgetError)?;
        let alarms: f64 = alarms.trim().parse().map_err(|_| BudgetError)?;
        let per = match per.trim() {
            "hour" => Per::Hour,
            "day" => Per::Day,
            "week" => Per::Week,
            "million" | "million calls" => Per::Million,
            _ => return Err(BudgetError),
        };
        if !(alarms.is_finite() && alarms > 0.0) {
            return Err(BudgetError);
        }
        Ok(Self { alarms, per })
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Hour => "hour",
            Per::Day => "day",
            Per::Week => "week",
            Per::Million => "million",
        };
        write!(f, "{}/{per}", self.alarms)
    }
}

impl Budget {
    /// False alarms that are accepted a second; `None` of a budget by calls.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        (self.per != Per::Million).then(|| {
            let (accepted, seconds) = self.over(1.0);
            accepted / seconds
        })
    }

    /// How many false alarms are accepted in how many seconds, of a service that makes so many
    /// calls a second: the budget as it was given, or the time in which it accepts one if that is
    /// longer.
    #[must_use]
    pub fn over(&self, calls_per_second: f64) -> (f64, f64) {
        let seconds = match self.per {
            Per::Hour => 3600.0,
            Per::Day => DAY_S,
            Per::Week => DAY_S * 7.0,
            Per::Million => 1e6 / calls_per_second.max(f64::MIN_POSITIVE),
        };
        let longer = (1.0 / self.alarms).max(1.0);
        (self.alarms * longer, seconds * longer)
    }
}

/// What stands behind thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct Support {
    /// False alarms that the budget accepts …
    pub accepted: f64,
    /// … in so many seconds.
    pub seconds: f64,
    /// How many are expected in that time.
    pub expected: f64,
    /// How long the service was learned, seconds.
    pub learned_s: f64,
    /// What becomes of each class of new things.
    pub classes: Vec<OfClass>,
    /// The service's calls a second.
    pub calls_per_second: f64,
    /// Whether that is assumed and not measured.
    pub assumed_rate: bool,
}

/// What becomes of one new thing of a class, by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OfClass {
    /// The class.
    pub class: Class,
    /// Whether it is reported.
    pub reported: bool,
    /// How many benign ones that weigh as much, or more, are expected in the budget's time.
    pub expected: f64,
    /// How much longer a service that comes up with so many has to be learned until one is
    /// reported, seconds; 0 when it is.
    pub more_s: f64,
}

impl Support {
    /// The one of a class; `None` where the profile knows nothing of such things.
    #[must_use]
    pub fn of(&self, class: Class) -> Option<&OfClass> {
        self.classes.iter().find(|it| it.class == class)
    }

    /// False alarms that are expected a day.
    #[must_use]
    pub fn expected_per_day(&self) -> f64 {
        self.expected / self.seconds * DAY_S
    }
}

/// The thresholds of a profile that keep to a budget, and what stands behind them.
#[must_use]
pub fn thresholds(profile: &Profile, budget: &Budget) -> (Thresholds, Support) {
    let measured = profile.provenance.calls_per_second();
    let calls_per_second = measured.unwrap_or(ASSUMED_CALLS_PER_SECOND);
    let (accepted, seconds) = budget.over(calls_per_second);
    let learned_s = profile.known.learned().exposure();
    let folds = folds(learned_s, seconds);
    let share = accepted * FIRST_SEEN;
    let arrivals = Arrivals::new(&profile.known);
    let tail = Tail::new(&profile.held_out, profile.known.priors().sequences);
    let thresholds = Thresholds {
        sequence: tail.threshold(accepted - share, folds),
        drift: profile.held_out.drift,
        first_seen: arrivals.threshold(share, folds),
    };
    let of_class = |&class: &Class| {
        let rate = arrivals.of(class);
        let reported = arrivals.worth(class) > thresholds.first_seen;
        let enough = seconds / (share / rate).exp_m1();
        OfClass {
            class,
            reported,
            expected: rate * folds,
            more_s: if reported {
                0.0
            } else {
                (enough - learned_s).max(0.0)
            },
        }
    };
    let first_seen = arrivals.heavier(thresholds.first_seen.next_up());
    let support = Support {
        accepted,
        seconds,
        expected: (first_seen + tail.rate(thresholds.sequence)) * folds,
        learned_s,
        classes: Class::ALL
            .iter()
            .filter(|&&class| arrivals.can_be(class))
            .map(of_class)
            .collect(),
        calls_per_second,
        assumed_rate: measured.is_none(),
    };
    (thresholds, support)
}

#[cfg(test)]
mod tests;
