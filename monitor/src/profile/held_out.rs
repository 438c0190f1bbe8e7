//! What was found on runs that the profile had not learned when they were scored.

use serde::{Deserialize, Serialize};

/// Peaks that are kept.
pub const MOST_PEAKS: usize = 512;

/// Peaks of the scores on held-out runs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct HeldOut {
    /// Calls that were scored so.
    pub calls: u64,
    /// Runs that were left out: lives of threads, or segments of a life.
    pub runs: u64,
    /// Calls among them that asked the LSTM: what the mixture's weight rests on.
    pub asked: u64,
    /// Kinds of thread of which only one life was seen to begin: how that begins is not validated.
    pub begun_once: u64,
    /// Threads that were there before the recording began: how they begin was never seen.
    pub begun_before: u64,
    /// What every call took off the sum of what was never learned ([`crate::detect::cusum`]), nats.
    pub drift: f64,
    /// How high that sum went each time before it fell to zero again, nats, highest first; in the
    /// last [`FOLDS`](crate::profile::sightings::FOLDS) e-folds of what was learned, since what a
    /// service does at its start says little of its later life.
    pub peaks: Vec<f64>,
}

impl HeldOut {
    /// Adds a peak.
    pub fn push(&mut self, peak: f64) {
        let at = self.peaks.partition_point(|&higher| higher >= peak);
        if at < MOST_PEAKS {
            self.peaks.insert(at, peak);
            self.peaks.truncate(MOST_PEAKS);
        }
    }

    /// Adds what another profile, or more learning, found.
    pub fn join(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.runs = self.runs.saturating_add(other.runs);
        self.asked = self.asked.saturating_add(other.asked);
        self.begun_once = self.begun_once.saturating_add(other.begun_once);
        self.begun_before = self.begun_before.saturating_add(other.begun_before);
        // Under the larger drift the peaks of the other would have been lower.
        self.drift = self.drift.max(other.drift);
        other.peaks.iter().for_each(|&peak| self.push(peak));
    }
}
