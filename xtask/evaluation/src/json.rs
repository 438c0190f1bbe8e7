//! `evaluation.json`: what was measured, of what, on what, and how to measure it again.

use serde::{Deserialize, Serialize};

use super::bootstrap::{Interval, Unit};

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
pub const OTHER_CORPUS: &str = "The models were fitted to another corpus than this one: whether they saw some of it is not known.";

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

/// What a detector measured.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Method {
    /// Names it in this file.
    pub id: String,
    /// Names it in text.
    pub label: String,
    /// What its score of a trace is.
    pub score: String,
    /// Traces too short to have a score; they stand at the lowest score there is.
    pub unscored: usize,
    /// One entry for each of `Evaluation::views`, in their order.
    pub views: Vec<Detection>,
    /// On the view "all", by kind of attack.
    pub families: Vec<Family>,
}

/// How well scores tell attacks from normal traces.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Detection {
    /// Of [`ViewFacts`].
    pub view: String,
    /// Area under the ROC curve, ties counting half.
    pub auc: f64,
    /// 95% of it, by each unit of the bootstrap.
    pub auc_intervals: Intervals,
    /// Detection rates at fixed shares of false alarms.
    pub detection: Vec<OperatingPoint>,
    /// The share of false alarms at which 90% of the attacks are detected.
    pub false_alarms_at_90: f64,
    /// 95% of it, drawn by run.
    pub false_alarms_at_90_interval: Interval,
}

/// Intervals by what the bootstrap draws.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Intervals {
    /// By [`Unit::Trace`].
    pub by_trace: Interval,
    /// By [`Unit::Run`].
    pub by_run: Interval,
}

impl Intervals {
    /// The interval of one unit.
    #[must_use]
    pub fn by(&self, unit: Unit) -> Interval {
        match unit {
            Unit::Trace => self.by_trace,
            Unit::Run => self.by_run,
        }
    }
}

/// One point of a ROC curve.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct OperatingPoint {
    /// At most this share of the normal traces gives an alarm.
    pub false_alarms: f64,
    /// Share of the attack traces that gives one then.
    pub rate: f64,
    /// 95% of it, drawn by run.
    pub interval: Interval,
}

/// How one kind of attack is detected.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Family {
    /// The kind.
    pub family: String,
    /// Attack runs of it.
    pub runs: usize,
    /// Traces of it.
    pub traces: usize,
    /// Against all normal traces.
    pub auc: f64,
    /// 95% of it, drawn by run: a family has ten runs, so it is wide.
    pub auc_interval: Interval,
    /// Share of its traces above the threshold that lets 10% of the normal ones through.
    pub rate_at_10: f64,
    /// Share of its runs with at least one trace above that threshold.
    pub runs_at_10: f64,
}

/// The area under the ROC curve over seeds, view "all".
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Seeds {
    /// Methods, one a seed.
    pub methods: Vec<String>,
    /// Their mean.
    pub mean: f64,
    /// Their sample standard deviation.
    pub deviation: f64,
    /// The lowest.
    pub lowest: f64,
    /// The highest.
    pub highest: f64,
}

/// The area of one method less that of another, view "all".
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Difference {
    /// The method.
    pub method: String,
    /// What is subtracted.
    pub less: String,
    /// Difference of the areas.
    pub auc: f64,
    /// 95% of it.
    pub intervals: Intervals,
    /// Whether 0 lies inside the interval drawn by run: then the data do not tell them apart.
    pub inside: bool,
}

/// A mixture of an LSTM and the n-gram model, probability by probability.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Mixture {
    /// The method of `Evaluation::methods`.
    pub method: String,
    /// The LSTM's share.
    pub weight: f64,
    /// The training traces, held out from both models, on which it was chosen.
    pub held_out_traces: usize,
    /// Their calls.
    pub held_out_calls: u64,
    /// Nats a call of the LSTM on them.
    pub lstm_nats: f64,
    /// Nats a call of the n-gram model on them, fitted without them.
    pub ngram_nats: f64,
    /// Nats a call of the mixture on them.
    pub mixed_nats: f64,
}

/// How well the next call is foretold on all validation traces.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NextCall {
    /// The method.
    pub method: String,
    /// Calls scored.
    pub calls: u64,
    /// Mean surprise, nats a call.
    pub nats: f64,
    /// Share of calls that were the likeliest; `None` when the method was not asked.
    pub accuracy: Option<f64>,
}

/// The notebook's `evaluate`: the first windows of validation, in sorted file order.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Notebook {
    /// Windows of 20 calls, whole traces until there are more than 20,000.
    pub windows: usize,
    /// Mean cross-entropy, nats.
    pub loss: f64,
    /// Share of windows whose 20th call was the likeliest.
    pub accuracy: f64,
    /// What the notebook printed on the full data set's first windows.
    pub published_loss: f64,
    /// What it printed for the accuracy.
    pub published_accuracy: f64,
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
