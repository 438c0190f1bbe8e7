//! The stateful language model as a graph: time-major, symbolic in time and batch.

use super::onnx::{Axis, Graph};
use super::weights::Weights;
use crate::offline::vocabulary::SIZE;

/// Builds the graph. Inputs: `calls` `[time1, batch]` (the call before, then the calls), `h` and `c`
/// `[1, batch, units]`. Outputs: `surprise` `[time, batch]` in nats, `h_out`, `c_out`, and, when
/// wanted, `log_probabilities` `[time, batch, 341]`.
#[must_use]
pub fn build(weights: &Weights, distribution: bool) -> Graph {
    let (table, table_shape) = weights.get("embedding");
    let (input, gates, embedding) = weights.transposed("lstm.input.weight");
    let (recurrent, _, units) = weights.transposed("lstm.recurrent");
    let (bias, _) = weights.get("lstm.input.bias");
    let (output, output_shape) = weights.get("output.weight");
    let (output_bias, _) = weights.get("output.bias");

    let mut graph = Graph::new("lm");
    let state = [Axis::Fixed(1), Axis::Named("batch"), Axis::Fixed(units)];
    graph.input_i64("calls", &[Axis::Named("time1"), Axis::Named("batch")]);
    graph.input_f32("h", &state);
    graph.input_f32("c", &state);

    graph.f32("embedding", table_shape, table.iter().copied());
    graph.f32("w", &[1, gates, embedding], input);
    graph.f32("r", &[1, gates, units], recurrent);
    graph.f32(
        "b",
        &[1, 2 * gates],
        bias.iter().copied().chain(std::iter::repeat_n(0.0, gates)),
    );
    graph.f32("output_weight", output_shape, output.iter().copied());
    graph.f32("output_bias", &[SIZE], output_bias.iter().copied());
    graph.i64("zero", &[1], &[0]);
    graph.i64("one", &[1], &[1]);
    graph.i64("minus_one", &[1], &[-1]);
    graph.i64("end", &[1], &[i64::MAX]);

    graph.node(
        "Slice",
        &["calls", "zero", "minus_one", "zero"],
        &["before"],
        &[],
    );
    graph.node("Slice", &["calls", "one", "end", "zero"], &["next"], &[]);
    graph.node("Gather", &["embedding", "before"], &["x"], &[("axis", 0)]);
    let lstm = ["x", "w", "r", "b", "", "h", "c"];
    graph.node(
        "LSTM",
        &lstm,
        &["y4", "h_out", "c_out"],
        &[("hidden_size", units as i64)],
    );
    graph.node("Squeeze", &["y4", "one"], &["y"], &[]);
    graph.node("MatMul", &["y", "output_weight"], &["product"], &[]);
    graph.node("Add", &["product", "output_bias"], &["logits"], &[]);
    surprise(&mut graph, distribution);

    graph.output_f32("surprise", &[Axis::Named("time"), Axis::Named("batch")]);
    graph.output_f32("h_out", &state);
    graph.output_f32("c_out", &state);
    if distribution {
        let shape = [Axis::Named("time"), Axis::Named("batch"), Axis::Fixed(SIZE)];
        graph.output_f32("log_probabilities", &shape);
    }
    graph
}

/// `surprise = ln Σ exp(logits) − logits[next]`, and `log_probabilities = logits − ln Σ exp(logits)`.
pub(super) fn surprise(graph: &mut Graph, distribution: bool) {
    let list = [-1];
    graph.node_with_list(
        "ReduceLogSumExp",
        &["logits"],
        &["log_sum"],
        "axes",
        &list,
        &[("keepdims", 1)],
    );
    graph.node("Unsqueeze", &["next", "minus_one"], &["next3"], &[]);
    graph.node(
        "GatherElements",
        &["logits", "next3"],
        &["logit"],
        &[("axis", -1)],
    );
    graph.node("Sub", &["log_sum", "logit"], &["surprise3"], &[]);
    graph.node("Squeeze", &["surprise3", "minus_one"], &["surprise"], &[]);
    if distribution {
        graph.node("Sub", &["logits", "log_sum"], &["log_probabilities"], &[]);
    }
}
