//! What was found on runs that the profile had not learned when they were scored.

use serde::{Deserialize, Serialize};

/// Peaks that are kept of each pace.
pub const MOST_PEAKS: usize = 512;

/// Calls of a run of which the highest score is one peak: as many as a flight holds, so that what raises one alarm counts
/// about once.
pub const PEAK_CALLS: usize = 512;

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
    /// The highest peaks of the slow score, nats a call, highest first.
    pub slow: Vec<f64>,
    /// The same of the fast score.
    pub fast: Vec<f64>,
}

impl HeldOut {
    /// Adds a peak of both scores.
    pub fn push(&mut self, slow: f64, fast: f64) {
        insert(&mut self.slow, slow);
        insert(&mut self.fast, fast);
    }

    /// Adds what another profile, or more learning, found.
    pub fn join(&mut self, other: &Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.runs = self.runs.saturating_add(other.runs);
        self.asked = self.asked.saturating_add(other.asked);
        self.begun_once = self.begun_once.saturating_add(other.begun_once);
        self.begun_before = self.begun_before.saturating_add(other.begun_before);
        other.slow.iter().for_each(|&it| insert(&mut self.slow, it));
        other.fast.iter().for_each(|&it| insert(&mut self.fast, it));
    }
}

fn insert(peaks: &mut Vec<f64>, peak: f64) {
    let at = peaks.partition_point(|&higher| higher >= peak);
    if at < MOST_PEAKS {
        peaks.insert(at, peak);
        peaks.truncate(MOST_PEAKS);
    }
}
