//! The notebook's window model as a graph: 19 calls in, the distribution of the 20th out.

use monitor::model::manifest::Precision;

use super::layers::{Lstm, output};
use super::onnx::{Axis, Graph};
use super::weights::Weights;
use crate::train::windows::CONTEXT;
use crate::vocabulary::SIZE;

/// Builds the graph for so many LSTM layers. Input: `window` `[batch, 19]`. Output:
/// `log_probabilities` `[batch, 341]`.
#[must_use]
pub fn build(weights: &Weights, precision: Precision, layers: usize) -> Graph {
    let mut graph = Graph::new("notebook");
    graph.input_i64("window", &[Axis::Named("batch"), Axis::Fixed(CONTEXT)]);
    graph.i64("vocabulary", &[1], &[SIZE as i64]);
    graph.f32("off_on", &[2], [0.0, 1.0]);
    graph.i64("zero", &[1], &[0]);
    graph.i64("one", &[1], &[1]);

    // Time-major from the first operator on: transposing the calls is far cheaper than what they
    // become.
    graph.node_with_list("Transpose", &["window"], &["calls"], "perm", &[1, 0], &[]);
    graph.node(
        "OneHot",
        &["calls", "vocabulary", "off_on"],
        &["x1"],
        &[("axis", -1)],
    );
    for layer in 1..=layers {
        let name = |part: &str| format!("{part}{layer}");
        let outputs = if layer == layers {
            [String::new(), "last".to_owned()]
        } else {
            [name("y"), String::new()]
        };
        let used = if layer == layers { 2 } else { 1 };
        let lstm = Lstm {
            name: &name("lstm"),
            suffix: &layer.to_string(),
            input: &name("x"),
            state: None,
            outputs: &outputs.each_ref().map(String::as_str)[..used],
        };
        lstm.add(&mut graph, weights, precision);
        if layer < layers {
            let next = format!("x{}", layer + 1);
            graph.node("Squeeze", &[&name("y"), "one"], &[&next], &[]);
        }
    }
    graph.node("Squeeze", &["last", "zero"], &["rows"], &[]);
    output(&mut graph, weights, precision, "rows", 2);
    graph.node(
        "LogSoftmax",
        &["logits"],
        &["log_probabilities"],
        &[("axis", -1)],
    );
    graph.output_f32(
        "log_probabilities",
        &[Axis::Named("batch"), Axis::Fixed(SIZE)],
    );
    graph
}
