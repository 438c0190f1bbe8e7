//! LSTM and dense layers in a graph, with 32-bit or 8-bit weights.

use monitor::model::manifest::Precision;

use super::onnx::Graph;
use super::quantise::{ZERO, quantise};
use super::weights::Weights;

/// The domain of onnxruntime's own operators.
const MICROSOFT: &str = "com.microsoft";

/// An LSTM layer to be put into a graph.
pub struct Lstm<'a> {
    /// The trainer's name of it, such as `lstm`.
    pub name: &'a str,
    /// What is put behind the names of its constants `w`, `r` and `b`.
    pub suffix: &'a str,
    /// Its input, `[time, batch, below]`.
    pub input: &'a str,
    /// Its first state, `h` and `c`, `[1, batch, units]`; zero when not given.
    pub state: Option<[&'a str; 2]>,
    /// Its outputs: all steps, last `h`, last `c`; an empty name is left out.
    pub outputs: &'a [&'a str],
}

impl Lstm<'_> {
    /// Puts it in. Gates stand in ONNX's order (i, o, f, c) in the trainer already. The operator's
    /// second bias, for the recurrent weights, is zero.
    pub fn add(&self, graph: &mut Graph, weights: &Weights, precision: Precision) {
        let constant = |part: &str| format!("{part}{}", self.suffix);
        let [w, r, b] = ["w", "r", "b"].map(constant);
        let input = format!("{}.input.weight", self.name);
        let recurrent = format!("{}.recurrent", self.name);
        let (bias, shape) = weights.get(&format!("{}.input.bias", self.name));
        let gates = shape[0];
        let bias = bias.iter().copied().chain(std::iter::repeat_n(0.0, gates));
        let [h, c] = self.state.unwrap_or_default();
        let attributes = [("hidden_size", (gates / 4) as i64)];
        if precision == Precision::Fp32 {
            for (name, tensor) in [(&w, &input), (&r, &recurrent)] {
                let (values, rows, columns) = weights.transposed(tensor);
                graph.f32(name, &[1, rows, columns], values);
            }
            graph.f32(&b, &[1, 2 * gates], bias);
            let inputs = [self.input, &w, &r, &b, "", h, c];
            let used = if self.state.is_some() { 7 } else { 4 };
            graph.node("LSTM", &inputs[..used], self.outputs, &attributes);
            return;
        }
        let mut scales = Vec::new();
        for (name, tensor) in [(&w, &input), (&r, &recurrent)] {
            let (values, shape) = weights.get(tensor);
            let quantised = quantise(values, shape[1]);
            graph.u8(name, &[1, shape[0], shape[1]], quantised.values);
            let (scale, zero) = (format!("{name}_scale"), format!("{name}_zero"));
            graph.f32(&scale, &[1, gates], quantised.scales);
            graph.u8(&zero, &[1, gates], vec![ZERO; gates]);
            scales.extend([scale, zero]);
        }
        graph.f32(&b, &[1, 2 * gates], bias);
        let mut inputs = vec![self.input, &w, &r, &b, "", h, c, ""];
        inputs.extend(scales.iter().map(String::as_str));
        graph.foreign_node(
            MICROSOFT,
            "DynamicQuantizeLSTM",
            &inputs,
            self.outputs,
            &attributes,
        );
    }
}

/// Puts the output layer in: `logits = input·W + b` for an input of so many axes, units last.
pub fn output(
    graph: &mut Graph,
    weights: &Weights,
    precision: Precision,
    input: &str,
    axes: usize,
) {
    let (values, shape) = weights.get("output.weight");
    let (bias, bias_shape) = weights.get("output.bias");
    let bias = bias.iter().copied();
    if precision == Precision::Fp32 {
        graph.f32("output_weight", shape, values.iter().copied());
        graph.f32("output_bias", bias_shape, bias);
        if axes == 2 {
            graph.node(
                "Gemm",
                &[input, "output_weight", "output_bias"],
                &["logits"],
                &[],
            );
        } else {
            graph.node("MatMul", &[input, "output_weight"], &["product"], &[]);
            graph.node("Add", &["product", "output_bias"], &["logits"], &[]);
        }
        return;
    }
    let quantised = quantise(values, shape[1]);
    graph.u8("output_weight", shape, quantised.values);
    graph.f32("output_scale", &[shape[1]], quantised.scales);
    graph.u8("output_zero", &[shape[1]], vec![ZERO; shape[1]]);
    graph.f32("output_bias", bias_shape, bias);
    let inputs = [
        input,
        "output_weight",
        "output_scale",
        "output_zero",
        "output_bias",
    ];
    graph.foreign_node(
        MICROSOFT,
        "DynamicQuantizeMatMul",
        &inputs,
        &["logits"],
        &[],
    );
}
