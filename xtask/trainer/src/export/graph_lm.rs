//! The stateful language model as a graph: time-major, symbolic in time and batch.

use monitor::model::manifest::Precision;

use super::layers::{Lstm, output};
use super::onnx::{Axis, Graph};
use super::weights::Weights;
use crate::vocabulary::SIZE;

/// Builds the graph. Inputs: `calls` `[time1, batch]` (the call before, then the calls), `h` and
/// `c` `[1, batch, units]`. Outputs: `surprise` `[time, batch]` in nats, `h_out`, `c_out`, and,
/// when wanted, `log_probabilities` `[time, batch, 341]`.
#[must_use]
pub fn build(weights: &Weights, precision: Precision, distribution: bool) -> Graph {
    let (table, table_shape) = weights.get("embedding");
    let units = weights.get("lstm.recurrent").1[0];

    let mut graph = Graph::new("lm");
    let state = [Axis::Fixed(1), Axis::Named("batch"), Axis::Fixed(units)];
    graph.input_i64("calls", &[Axis::Named("time1"), Axis::Named("batch")]);
    graph.input_f32("h", &state);
    graph.input_f32("c", &state);

    graph.f32("embedding", table_shape, table.iter().copied());
    graph.node(
        "Slice",
        &["calls", "zero", "minus_one", "zero"],
        &["before"],
        &[],
    );
    graph.node("Slice", &["calls", "one", "end", "zero"], &["next"], &[]);
    graph.node("Gather", &["embedding", "before"], &["x"], &[("axis", 0)]);
    let lstm = Lstm {
        name: "lstm",
        suffix: "",
        input: "x",
        state: Some(["h", "c"]),
        outputs: &["y4", "h_out", "c_out"],
    };
    lstm.add(&mut graph, weights, precision);
    graph.node("Squeeze", &["y4", "one"], &["y"], &[]);
    output(&mut graph, weights, precision, "y", 3);
    surprise(&mut graph);
    graph.i64("zero", &[1], &[0]);
    graph.i64("one", &[1], &[1]);
    graph.i64("minus_one", &[1], &[-1]);
    graph.i64("end", &[1], &[i64::MAX]);

    graph.output_f32("surprise", &[Axis::Named("time"), Axis::Named("batch")]);
    graph.output_f32("h_out", &state);
    graph.output_f32("c_out", &state);
    if distribution {
        let shape = [Axis::Named("time"), Axis::Named("batch"), Axis::Fixed(SIZE)];
        graph.output_f32("log_probabilities", &shape);
    }
    graph
}

/// `log_probabilities = ln softmax(logits)` and `surprise = −log_probabilities[next]`.
///
/// LogSoftmax, not ReduceLogSumExp: onnxruntime 1.32 has vector code for the first alone, and the
/// second took 40% of a run's time.
fn surprise(graph: &mut Graph) {
    let all = "log_probabilities";
    graph.node("LogSoftmax", &["logits"], &[all], &[("axis", -1)]);
    graph.node("Unsqueeze", &["next", "minus_one"], &["next3"], &[]);
    graph.node(
        "GatherElements",
        &[all, "next3"],
        &["chosen"],
        &[("axis", -1)],
    );
    graph.node("Squeeze", &["chosen", "minus_one"], &["chosen2"], &[]);
    graph.node("Neg", &["chosen2"], &["surprise"], &[]);
}
