//! The detectors that are compared.

use serde::{Deserialize, Serialize};

/// One value for each detector.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ByDetector<T> {
    /// The monitor.
    pub monitor: T,
    /// "A call never seen before".
    pub never_seen: T,
    /// STIDE.
    pub stide: T,
}

impl<T> ByDetector<T> {
    /// The values in the order of the fields.
    pub const fn each(&self) -> [&T; 3] {
        [&self.monitor, &self.never_seen, &self.stide]
    }

    /// What `make` makes of each detector.
    pub fn of(mut make: impl FnMut(Detector) -> T) -> Self {
        Self {
            monitor: make(Detector::Monitor),
            never_seen: make(Detector::NeverSeen),
            stide: make(Detector::Stide),
        }
    }

    /// A detector's value.
    pub const fn get(&self, detector: Detector) -> &T {
        match detector {
            Detector::Monitor => &self.monitor,
            Detector::NeverSeen => &self.never_seen,
            Detector::Stide => &self.stide,
        }
    }
}

/// The detectors that are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detector {
    /// The monitor.
    Monitor,
    /// "A call never seen before".
    NeverSeen,
    /// STIDE.
    Stide,
}
