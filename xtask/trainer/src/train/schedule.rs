//! How the learning rate changes over a run.

use serde::{Deserialize, Serialize};

/// The learning rate over the steps of a run.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Schedule {
    /// Always the same.
    Constant {
        /// The rate.
        rate: f64,
    },
    /// Half a cosine from `rate` down to `last · rate` (Loshchilov and Hutter 2017, without
    /// restarts).
    Cosine {
        /// The first rate.
        rate: f64,
        /// The last rate's share of it.
        last: f64,
    },
}

impl Schedule {
    /// The rate at `progress` through the run, 0 to 1.
    #[must_use]
    pub fn at(self, progress: f64) -> f64 {
        match self {
            Self::Constant { rate } => rate,
            Self::Cosine { rate, last } => {
                let wave = (1.0 + (std::f64::consts::PI * progress.clamp(0.0, 1.0)).cos()) / 2.0;
                rate * (last + (1.0 - last) * wave)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Schedule;

    #[test]
    fn a_cosine_goes_from_the_rate_to_its_last_share() {
        let schedule = Schedule::Cosine {
            rate: 3e-3,
            last: 0.02,
        };
        assert!((schedule.at(0.0) - 3e-3).abs() < 1e-12);
        assert!((schedule.at(0.5) - 1.53e-3).abs() < 1e-12);
        assert!((schedule.at(1.0) - 6e-5).abs() < 1e-12);
    }
}
