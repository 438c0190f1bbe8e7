//! How learning stands.

use crate::profile::provenance::Origin;

/// How learning stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Progress {
    /// Calls learned.
    pub calls: u64,
    /// Lives of threads begun.
    pub lives: u64,
    /// Calls that are missing.
    pub lost: u64,
    /// Calls that were learned but are not kept to be held out, as there is no more room.
    pub not_kept: u64,
    /// From the first event to the last, seconds.
    pub seconds: f64,
    /// New n-grams per thousand calls now.
    pub novelty: Option<f64>,
}

impl Progress {
    /// What was learned, as a profile keeps it of a source that has no name and no digest.
    #[must_use]
    pub fn origin(&self) -> Origin {
        Origin {
            calls: self.calls,
            lives: self.lives,
            lost: self.lost,
            seconds: self.seconds,
            ..Origin::default()
        }
    }
}
