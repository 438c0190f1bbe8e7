//! `evaluation.json`: what was measured, of what, on what, and how to measure it again.

mod detection;

mod foretelling;

use serde::{Deserialize, Serialize};

pub use detection::{Detection, Difference, Family, Intervals, Method, OperatingPoint, Seeds};
pub use foretelling::{Mixture, NextCall, Notebook};

/// The version of the layout below; another number may mean anything.
pub const FORMAT: u32 = 1;

/// One evaluation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Evaluation {
    /// [`FORMAT`].
    pub format: u32,
    /// What made it.
    pub made_by: MadeBy,
    /// What it was measured on.
    pub data: Data,
    /// The models that were scored, the first one being what the evaluation is about.
    pub models: Vec<ModelFacts>,
    /// Every way of counting traces that `methods` report.
    pub views: Vec<ViewFacts>,
    /// Every detector that was measured in this run.
    pub methods: Vec<Method>,
    /// The area under the ROC curve over the seeds of the first model, if there were several.
    pub seeds: Option<Seeds>,
    /// The first method against every other, on the same bootstrap draws.
    pub differences: Vec<Difference>,
    /// How the mixtures' weights were chosen.
    pub mixtures: Vec<Mixture>,
    /// How well the next call is foretold on validation traces.
    pub next_call: Vec<NextCall>,
    /// The notebook's own measure, for a model of its kind.
    pub notebook: Option<Notebook>,
    /// Figures that others published: not measured here, not on this part of the data.
    pub published: Vec<Published>,
}

/// What made an evaluation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct MadeBy {
    /// The command, to be run in the workspace's root.
    pub command: String,
    /// `git rev-parse HEAD`, with `-dirty` when a tracked file differs; "unknown" outside git.
    pub git_revision: String,
    /// The seed of the bootstrap.
    pub bootstrap_seed: u64,
    /// Its replicates.
    pub replicates: usize,
}

/// What is said of an evaluation on another corpus than the models were fitted to.
pub const OTHER_CORPUS: &str = "The models were fitted to another corpus than this one: whether \
                                they saw some of it is not known.";

/// What an evaluation was measured on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Data {
    /// Over the sorted relative names and the contents of all traces, in hexadecimal.
    pub sha256: String,
    /// Normal traces to fit on.
    pub training: Part,
    /// Normal traces to score.
    pub validation: Part,
    /// Attack traces to score.
    pub attacks: Part,
    /// Attack runs (folders).
    pub runs: usize,
    /// Validation traces that equal a training trace.
    pub validation_in_training: usize,
    /// Whether a model may have been fitted to other traces, so that what it saw is not known.
    #[serde(default)]
    pub other_corpus: bool,
}

/// The size of one part of the data.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Part {
    /// Traces.
    pub traces: usize,
    /// Traces that repeat an earlier one of the part.
    pub repeats: usize,
    /// Calls.
    pub calls: u64,
}

/// A model that was scored.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ModelFacts {
    /// The method of `methods` that it is.
    pub method: String,
    /// Its name, as its manifest says.
    pub name: String,
    /// "stateful" or "window".
    pub kind: String,
    /// Of `model.onnx`, in hexadecimal.
    pub sha256: String,
    /// The seed it was trained with.
    pub seed: u64,
    /// Its number of parameters.
    pub parameters: u64,
}

/// A way of counting traces.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ViewFacts {
    /// Its key in `Method::views`.
    pub id: String,
    /// What stands in it.
    pub what: String,
    /// Normal traces in it.
    pub normal: usize,
    /// Attack traces in it.
    pub attacks: usize,
}

/// A figure that others published.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Published {
    /// Who and where.
    pub source: String,
    /// The area they state.
    pub auc: f64,
    /// What is known about it.
    pub status: String,
}

/// The published figures that are usually compared with.
#[must_use]
pub fn published() -> Vec<Published> {
    vec![
        Published {
            source: "Kim, Yi, Lee, Paek and Yoon 2016 (LSTM ensemble)".to_owned(),
            auc: 0.928,
            status: "claimed; not reproduced: a published re-run got 0.812".to_owned(),
        },
        Published {
            source: "Chawla, Lee, Fallon and Jacob 2019 (CNN and RNN)".to_owned(),
            auc: 0.86,
            status: "claimed, the highest of several; the highest honest figure to compare with"
                .to_owned(),
        },
    ]
}
