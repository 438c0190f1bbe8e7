//! All that decides how a run goes; stored in its checkpoints.

use serde::{Deserialize, Serialize};

use super::optimizer::Rule;
use super::preset::{Architecture, Preset};
use super::schedule::Schedule;

/// When to stop early.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Patience {
    /// Epochs without progress that are borne.
    pub epochs: u32,
    /// What counts as progress, in nats.
    pub min_delta: f64,
}

/// How samples are made of traces.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Sampling {
    /// Whole traces on lanes with carried state.
    Lanes {
        /// Lanes.
        lanes: usize,
        /// Steps between two updates.
        steps: usize,
        /// Share of calls that are replaced by "unknown" while training, so that the model has
        /// learned what to expect of a call without a counterpart, and after one.
        unknown: f64,
    },
    /// Windows, shuffled in each epoch.
    Windows {
        /// Windows of an update.
        batch: usize,
        /// All, instead of the first 20,000 and some.
        all: bool,
        /// How often a window is repeated at most by the drop-in augmentation; 0 is without.
        drop_in: usize,
    },
}

/// All that decides how a run goes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Recipe {
    /// The preset it was made from.
    pub preset: Preset,
    /// The network.
    pub architecture: Architecture,
    /// How samples are made.
    pub sampling: Sampling,
    /// The optimiser.
    pub rule: Rule,
    /// Its rate.
    pub schedule: Schedule,
    /// The longest gradient, Euclidean.
    pub clip: Option<f64>,
    /// The seed of everything that is drawn.
    pub seed: u64,
    /// Epochs at most.
    pub epochs: u32,
    /// When to stop before.
    pub patience: Option<Patience>,
    /// Share of the training part that is held out to choose the best epoch.
    pub held_out: f64,
    /// Lanes computed together. Fixed, so that sums do not depend on the number of threads.
    pub group: usize,
}

impl Recipe {
    /// For going on from a trained model: a fifth of the rate, so that what it knows is bent and
    /// not thrown away, and a third of the epochs.
    #[must_use]
    pub fn fine_tuned(mut self, epochs: Option<u32>) -> Self {
        match &mut self.schedule {
            Schedule::Constant { rate } | Schedule::Cosine { rate, .. } => *rate /= 5.0,
        }
        self.epochs = epochs.unwrap_or(self.epochs.div_ceil(3));
        self
    }

    /// The preset's own.
    #[must_use]
    pub fn of(preset: Preset, seed: u64, epochs: Option<u32>) -> Self {
        let architecture = Architecture::of(preset);
        match preset {
            Preset::Lm => Self {
                preset,
                architecture,
                sampling: Sampling::Lanes {
                    lanes: 32,
                    steps: 64,
                    unknown: 0.002,
                },
                rule: Rule::Adam,
                schedule: Schedule::Cosine {
                    rate: 5e-3,
                    last: 0.02,
                },
                clip: Some(1.0),
                seed,
                epochs: epochs.unwrap_or(22),
                patience: None,
                held_out: 0.1,
                group: 8,
            },
            Preset::Notebook => Self {
                preset,
                architecture,
                sampling: Sampling::Windows {
                    batch: 50,
                    all: false,
                    drop_in: 0,
                },
                rule: Rule::RmsProp,
                schedule: Schedule::Constant { rate: 1e-3 },
                clip: None,
                seed,
                epochs: epochs.unwrap_or(50),
                patience: Some(Patience {
                    epochs: 3,
                    min_delta: 1e-4,
                }),
                held_out: 0.05,
                group: 13,
            },
        }
    }
}
