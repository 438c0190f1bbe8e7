//! What a detector counted so far.

use super::Detector;
use crate::detect::counters::Counters;

impl Detector {
    /// Calls that asked the model.
    #[must_use]
    pub const fn asked(&self) -> u64 {
        self.counters.asked
    }

    /// Calls that were learned on.
    #[must_use]
    pub const fn adapted(&self) -> u64 {
        self.counters.adapted
    }

    /// All that was counted. This walks over the open threads: for one number, ask for it alone.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let means = self
            .threads
            .slots()
            .filter_map(|slot| self.streams[slot as usize].current());
        Counters {
            open_threads: self.threads.len() as u64,
            evicted: self.threads.evictions(),
            coverage: self.coverage.coverage(),
            io_uring_enter: self.coverage.io_uring_enter(),
            io_uring_submitted: self.coverage.io_uring_submitted(),
            current_mean: means.reduce(f64::max),
            blind_since_ns: self.blindness.since_ns(),
            blind_ns: self.blindness.total_ns(),
            ..self.counters.clone()
        }
    }
}
