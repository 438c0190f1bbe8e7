//! What learning has come to, and what came of a validation.

use std::time::Duration;

/// What learning has come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Calls learned.
    pub calls: u64,
    /// Calls that are missing in what was learned.
    pub lost: u64,
    /// How many more calls it takes, if nothing new comes among them, until hardly anything new
    /// comes any more; 0 once that is so.
    pub until_quiet: u64,
    /// New sequences per thousand calls now.
    pub novelty: Option<f64>,
    /// Whether one kind of process was seen to begin twice.
    pub begun_twice: bool,
}

/// What came of a validation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validated {
    /// The false alarms that the data support, over those of the budget; at most
    /// [`SUPPORTED_WITHIN`](super::SUPPORTED_WITHIN) is fit.
    pub over_budget: f64,
    /// How long learning must go on to support the budget.
    pub more: Duration,
}
