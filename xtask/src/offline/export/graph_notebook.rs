//! The notebook's window model as a graph: 19 calls in, the distribution of the 20th out.

use super::onnx::{Axis, Graph};
use super::weights::Weights;
use crate::offline::train::windows::CONTEXT;
use crate::offline::vocabulary::SIZE;

/// Builds the graph for so many LSTM layers. Input: `window` `[batch, 19]`. Output:
/// `log_probabilities` `[batch, 341]`.
#[must_use]
pub fn build(weights: &Weights, layers: usize) -> Graph {
    let mut graph = Graph::new("notebook");
    graph.input_i64("window", &[Axis::Named("batch"), Axis::Fixed(CONTEXT)]);
    graph.i64("vocabulary", &[1], &[SIZE as i64]);
    graph.f32("off_on", &[2], [0.0, 1.0]);
    graph.i64("zero", &[1], &[0]);
    graph.i64("one", &[1], &[1]);

    // Time-major from the first operator on: transposing the calls is far cheaper than what they become.
    graph.node_with_list("Transpose", &["window"], &["calls"], "perm", &[1, 0], &[]);
    graph.node(
        "OneHot",
        &["calls", "vocabulary", "off_on"],
        &["x1"],
        &[("axis", -1)],
    );
    for layer in 1..=layers {
        let name = |part: &str| format!("{part}{layer}");
        let (input, gates, below) = weights.transposed(&format!("lstm{layer}.input.weight"));
        let (recurrent, _, units) = weights.transposed(&format!("lstm{layer}.recurrent"));
        let (bias, _) = weights.get(&format!("lstm{layer}.input.bias"));
        let (x, w, r, b) = (name("x"), name("w"), name("r"), name("b"));
        graph.f32(&w, &[1, gates, below], input);
        graph.f32(&r, &[1, gates, units], recurrent);
        graph.f32(
            &b,
            &[1, 2 * gates],
            bias.iter().copied().chain(std::iter::repeat_n(0.0, gates)),
        );
        let inputs = [&x[..], &w, &r, &b];
        let hidden = [("hidden_size", units as i64)];
        if layer == layers {
            graph.node("LSTM", &inputs, &["", "last"], &hidden);
        } else {
            graph.node("LSTM", &inputs, &[&name("y")], &hidden);
            graph.node(
                "Squeeze",
                &[&name("y"), "one"],
                &[&format!("x{}", layer + 1)],
                &[],
            );
        }
    }
    let (output, shape) = weights.get("output.weight");
    let (bias, _) = weights.get("output.bias");
    graph.f32("output_weight", shape, output.iter().copied());
    graph.f32("output_bias", &[SIZE], bias.iter().copied());
    graph.node("Squeeze", &["last", "zero"], &["rows"], &[]);
    graph.node(
        "Gemm",
        &["rows", "output_weight", "output_bias"],
        &["logits"],
        &[],
    );
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
