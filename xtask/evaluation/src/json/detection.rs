//! How well each detector tells attacks from normal traces.

use serde::{Deserialize, Serialize};

use crate::bootstrap::{Interval, Unit};

/// What a detector measured.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Method {
    /// Names it in this file.
    pub id: String,
    /// Names it in text.
    pub label: String,
    /// What its score of a trace is.
    pub score: String,
    /// Traces too short to have a score; they stand at the lowest score there is.
    pub unscored: usize,
    /// One entry for each of `Evaluation::views`, in their order.
    pub views: Vec<Detection>,
    /// On the view "all", by kind of attack.
    pub families: Vec<Family>,
}

/// How well scores tell attacks from normal traces.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Detection {
    /// Of [`ViewFacts`](super::ViewFacts).
    pub view: String,
    /// Area under the ROC curve, ties counting half.
    pub auc: f64,
    /// 95% of it, by each unit of the bootstrap.
    pub auc_intervals: Intervals,
    /// Detection rates at fixed shares of false alarms.
    pub detection: Vec<OperatingPoint>,
    /// The share of false alarms at which 90% of the attacks are detected.
    pub false_alarms_at_90: f64,
    /// 95% of it, drawn by run.
    pub false_alarms_at_90_interval: Interval,
}

/// Intervals by what the bootstrap draws.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Intervals {
    /// By [`Unit::Trace`].
    pub by_trace: Interval,
    /// By [`Unit::Run`].
    pub by_run: Interval,
}

impl Intervals {
    /// The interval of one unit.
    #[must_use]
    pub fn by(&self, unit: Unit) -> Interval {
        match unit {
            Unit::Trace => self.by_trace,
            Unit::Run => self.by_run,
        }
    }
}

/// One point of a ROC curve.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct OperatingPoint {
    /// At most this share of the normal traces gives an alarm.
    pub false_alarms: f64,
    /// Share of the attack traces that gives one then.
    pub rate: f64,
    /// 95% of it, drawn by run.
    pub interval: Interval,
}

/// How one kind of attack is detected.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Family {
    /// The kind.
    pub family: String,
    /// Attack runs of it.
    pub runs: usize,
    /// Traces of it.
    pub traces: usize,
    /// Against all normal traces.
    pub auc: f64,
    /// 95% of it, drawn by run: a family has ten runs, so it is wide.
    pub auc_interval: Interval,
    /// Share of its traces above the threshold that lets 10% of the normal ones through.
    pub rate_at_10: f64,
    /// Share of its runs with at least one trace above that threshold.
    pub runs_at_10: f64,
}

/// The area under the ROC curve over seeds, view "all".
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Seeds {
    /// Methods, one a seed.
    pub methods: Vec<String>,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation.
    pub deviation: f64,
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
}

/// The area of one method less that of another, view "all".
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Difference {
    /// The method.
    pub method: String,
    /// What is subtracted.
    pub less: String,
    /// Difference of the areas.
    pub auc: f64,
    /// 95% of it.
    pub intervals: Intervals,
    /// Whether 0 lies inside the interval drawn by run: then the data do not tell them apart.
    pub inside: bool,
}
