//! From the false alarms that a user accepts to the thresholds that keep to them.
//!
//! Each of the three scores takes a third of the budget. Slow and fast: of `N` held-out calls with peaks `x₁ ≥ x₂ ≥ …`, a
//! threshold that the rate `r` per call allows is the `⌊rN⌋`th highest peak. Below one peak the data do not reach that
//! far, and the tail is taken for an exponential one, whose mean excess over the peak `u` is `β`: `t = u + β ln(m / (rN))`
//! for the `m` peaks above `u` (peaks over a threshold, Davison & Smith 1990, with shape 0), and never below the highest
//! peak. First-seen evidence is `−ln` of a rate already, so its threshold is `−ln r`.

pub mod poisson;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::profile::{Profile, Thresholds};

/// The share of the budget that each of the three scores has.
const SHARE: f64 = 1.0 / 3.0;

/// Peaks to which the tail is fitted.
const TAIL: usize = 50;

/// Calls a second of a service that was learned from sources without time. An assumption; the support says so.
pub const ASSUMED_CALLS_PER_SECOND: f64 = 1000.0;

/// The threshold of slow and fast where nothing was held out, nats a call: every call as surprising as if all of the
/// vocabulary were alike.
const WITHOUT_DATA: f64 = 8.317_766_166_719_343;

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
    /// False alarms a call, at most 1, of a service that makes so many calls a second.
    #[must_use]
    pub fn per_call(&self, calls_per_second: f64) -> f64 {
        let calls = match self.per {
            Per::Hour => calls_per_second * 3600.0,
            Per::Day => calls_per_second * DAY_S,
            Per::Week => calls_per_second * DAY_S * 7.0,
            Per::Million => 1e6,
        };
        (self.alarms / calls).clamp(1e-300, 1.0)
    }
}

/// What stands behind thresholds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Support {
    /// False alarms that are expected per million calls.
    pub per_million: f64,
    /// The lower end of its 95% interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Whether a threshold lies beyond what was held out.
    pub extrapolated: bool,
    /// The smallest budget that the data support by themselves, per million calls; infinite without data.
    pub supported_per_million: f64,
    /// The same per day.
    pub supported_per_day: f64,
    /// How many more calls are to be recorded for the budget asked for; 0 when there are enough.
    pub more_calls: u64,
    /// How long that takes, seconds.
    pub more_seconds: f64,
    /// The service's calls a second.
    pub calls_per_second: f64,
    /// Whether that is assumed and not measured.
    pub assumed_rate: bool,
}

/// The thresholds of a profile that keep to a budget, and what stands behind them.
#[must_use]
pub fn thresholds(profile: &Profile, budget: &Budget) -> (Thresholds, Support) {
    let measured = profile.provenance.calls_per_second();
    let calls_per_second = measured.unwrap_or(ASSUMED_CALLS_PER_SECOND);
    let rate = budget.per_call(calls_per_second) * SHARE;
    let held_out = &profile.held_out;
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    let calls = held_out.calls as f64;
    let slow = Cut::new(&held_out.slow, rate * calls);
    let fast = Cut::new(&held_out.fast, rate * calls);
    let first_seen = -rate.ln();
    let thresholds = Thresholds {
        slow: slow.threshold,
        fast: fast.threshold,
        first_seen,
    };
    let million = |alarms: f64| alarms / calls.max(1.0) * 1e6;
    let supported = 1.0 / SHARE / calls;
    let lacking = (1.0 / rate - calls).max(0.0);
    // More recording is held out by the same share.
    #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
    let recorded = profile.provenance.calls().max(1) as f64 / calls.max(1.0);
    let more = lacking * recorded;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates"
    )]
    let more_calls = more.ceil() as u64;
    let (low, high) = (
        slow.interval.0 + fast.interval.0,
        slow.interval.1 + fast.interval.1,
    );
    let support = Support {
        per_million: million(slow.expected + fast.expected) + rate * 1e6,
        low: million(low),
        high: million(high) + rate * 1e6,
        extrapolated: slow.extrapolated || fast.extrapolated,
        supported_per_million: supported * 1e6,
        supported_per_day: supported * calls_per_second * DAY_S,
        more_calls,
        more_seconds: more / calls_per_second,
        calls_per_second,
        assumed_rate: measured.is_none(),
    };
    (thresholds, support)
}

/// A threshold among peaks.
struct Cut {
    threshold: f64,
    /// Peaks at or above it that as many calls again are expected to have, and its 95% interval.
    expected: f64,
    interval: (f64, f64),
    extrapolated: bool,
}

impl Cut {
    /// Where `allowed` of `peaks` (highest first) are at or above it.
    fn new(peaks: &[f64], allowed: f64) -> Self {
        let Some(&highest) = peaks.first() else {
            return Self {
                threshold: WITHOUT_DATA,
                expected: allowed,
                interval: (0.0, poisson::interval(0).1),
                extrapolated: true,
            };
        };
        if allowed >= 1.0 {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at most as many as are kept"
            )]
            let count = (allowed as usize).min(peaks.len());
            return Self {
                threshold: peaks[count - 1],
                #[expect(clippy::cast_precision_loss, reason = "at most a few hundred")]
                expected: count as f64,
                interval: poisson::interval(count as u64),
                extrapolated: false,
            };
        }
        let above = TAIL.min(peaks.len() / 2);
        let tail = if above == 0 {
            highest
        } else {
            let from = peaks[above];
            #[expect(clippy::cast_precision_loss, reason = "at most 50")]
            let count = above as f64;
            let excess = peaks[..above].iter().map(|peak| peak - from).sum::<f64>() / count;
            from + excess * (count / allowed).ln()
        };
        Self {
            threshold: tail.max(highest),
            expected: allowed,
            interval: (0.0, poisson::interval(0).1),
            extrapolated: true,
        }
    }
}

#[cfg(test)]
mod tests;
