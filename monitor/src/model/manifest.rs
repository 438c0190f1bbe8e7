//! What a model folder says of its model: `manifest.json`.
//!
//! The trainer writes it and the monitor reads it, through this one type. What matters for a right
//! score stands in the graph's own metadata too ([`Manifest::metadata`]), so that a graph and a
//! manifest that do not belong together are found out at load.

mod check;

use serde::{Deserialize, Serialize};

pub use check::{LARGEST_CONTEXT, LARGEST_STATE, ManifestError};

/// The version of the folder's layout that this program writes and reads.
pub const FORMAT: u32 = 1;

/// How a model is called.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Calls and a state in, the surprise of each call and the next state out.
    Stateful,
    /// A window of calls in, the distribution of the call after it out.
    Window,
}

/// What numbers the weights are held in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floating point.
    Fp32,
    /// Dynamically quantised 8-bit integers. Scores then depend a little (up to about 0.001 nats a
    /// call) on which calls are computed together.
    Int8,
}

/// The unit of a surprise.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SurpriseUnit {
    /// Natural logarithm.
    Nats,
}

/// The tokens that a model knows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Vocabulary {
    /// Which numbering; only [`Vocabulary::ADFA_LD`] is known.
    pub name: String,
    /// How many tokens can follow: the length of the distribution.
    pub size: usize,
    /// The token before a trace's first call; `None` when the model has none.
    pub start: Option<u16>,
}

impl Vocabulary {
    /// The numbering of [`crate::syscall::adfa`].
    pub const ADFA_LD: &str = "adfa-ld-i386";
}

/// One tensor of a stateful model's state.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct StateTensor {
    /// The graph's input.
    pub name: String,
    /// The graph's output that holds its next value.
    pub output: String,
    /// Its shape, `null` standing for the batch: `[1, null, H]`.
    pub shape: Vec<Option<usize>>,
}

/// What a model was trained on.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Corpus {
    /// What it is called.
    pub name: String,
    /// SHA-256 over the sorted relative names and the contents of the training traces, lower-case
    /// hexadecimal.
    pub sha256: String,
    /// Traces trained on.
    pub traces: u64,
    /// Calls in them.
    pub calls: u64,
}

/// What the running scores must exceed to raise an alarm, and how they run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Threshold {
    /// For the slow score, nats a call.
    pub slow: f64,
    /// For the fast score, nats a call.
    pub fast: f64,
    /// Time constant of the slow score, calls.
    pub slow_calls: u32,
    /// Time constant of the fast score, calls.
    pub fast_calls: u32,
    /// Which quantile of the highest scores of held-out normal traces the thresholds are.
    pub quantile: f64,
    /// What they were measured on, in words.
    pub source: String,
}

/// What `manifest.json` holds.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The model's name.
    pub name: String,
    /// How it is called.
    pub kind: Kind,
    /// What its tokens are.
    pub vocabulary: Vocabulary,
    /// How many calls a window model sees before the one it predicts; `None` for a stateful one.
    pub context: Option<usize>,
    /// The state of a stateful model, in the order of its inputs; empty for a window model.
    pub state: Vec<StateTensor>,
    /// Whether the graph gives `log_probabilities`, without which an alarm cannot say what was
    /// expected. Always true for a window model.
    pub distribution: bool,
    /// The ONNX operator set of the graph.
    pub opset: u32,
    /// The unit of what it gives.
    pub surprise_unit: SurpriseUnit,
    /// What its weights are held in.
    pub precision: Precision,
    /// What it was trained on.
    pub corpus: Corpus,
    /// The seed of the training run.
    pub seed: u64,
    /// The revision of this project that trained it.
    pub git_revision: String,
    /// How many trained numbers it has.
    pub parameters: u64,
    /// Mean surprise on the held-out part of the training traces, nats a call.
    pub held_out_nats: f64,
    /// When a score is worth an alarm.
    pub threshold: Threshold,
    /// SHA-256 of `model.onnx`, lower-case hexadecimal.
    pub model_sha256: String,
}

impl Manifest {
    /// What the graph's `metadata_props` must hold: the exporter writes exactly these and the
    /// loader compares exactly these.
    #[must_use]
    pub fn metadata(&self) -> Vec<(&'static str, String)> {
        let kind = match self.kind {
            Kind::Stateful => "stateful",
            Kind::Window => "window",
        };
        let precision = match self.precision {
            Precision::Fp32 => "fp32",
            Precision::Int8 => "int8",
        };
        let start = self
            .vocabulary
            .start
            .map_or_else(|| "none".to_owned(), |start| start.to_string());
        let context = self
            .context
            .map_or_else(|| "none".to_owned(), |context| context.to_string());
        vec![
            ("monitor.format", self.format.to_string()),
            ("monitor.name", self.name.clone()),
            ("monitor.kind", kind.to_owned()),
            ("monitor.vocabulary", self.vocabulary.name.clone()),
            ("monitor.vocabulary_size", self.vocabulary.size.to_string()),
            ("monitor.start", start),
            ("monitor.context", context),
            ("monitor.precision", precision.to_owned()),
            ("monitor.surprise_unit", "nats".to_owned()),
            ("monitor.parameters", self.parameters.to_string()),
            ("monitor.corpus_sha256", self.corpus.sha256.clone()),
            ("monitor.seed", self.seed.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests;
