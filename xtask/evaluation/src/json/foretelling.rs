//! How well the next call is foretold.

use serde::{Deserialize, Serialize};

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
