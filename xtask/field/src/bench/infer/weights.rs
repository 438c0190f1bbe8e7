//! The weights of an exported stateful model, read out of its graph.

use anyhow::{Context, Result, ensure};
use prost::Message;

use trainer::export::onnx::proto::{ModelProto, TensorProto};

/// A matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// `rows × columns` values.
    pub values: Vec<f32>,
}

/// The weights of a one-layer LSTM language model, gates in ONNX's order i, o, f, c.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// `[inputs, embedding]`.
    pub embedding: Matrix,
    /// Embedding to gates, `[4·units, embedding]`.
    pub input: Matrix,
    /// State to gates, `[4·units, units]`.
    pub recurrent: Matrix,
    /// `[4·units]`, both of ONNX's biases added up.
    pub bias: Vec<f32>,
    /// State to logits, `[units, outputs]`.
    pub output: Matrix,
    /// `[outputs]`.
    pub output_bias: Vec<f32>,
}

impl Weights {
    /// Reads them from the bytes of a `model.onnx` that `export-onnx` wrote.
    ///
    /// # Errors
    ///
    /// Another graph: one that is not stateful, or quantised.
    pub fn read(onnx: &[u8]) -> Result<Self> {
        let model = ModelProto::decode(onnx).context("model.onnx is no ONNX model")?;
        let graph = model.graph.context("model.onnx holds no graph")?;
        let find = |name: &str| {
            let tensor = graph.initializer.iter().find(|tensor| tensor.name == name);
            tensor.with_context(|| {
                format!(
                    "the graph has no 32-bit weights `{name}`; the plain loop is for the stateful \
                     fp32 models that `cargo xtask export-onnx` writes"
                )
            })
        };
        let embedding = matrix(find("embedding")?)?;
        let input = matrix(find("w")?)?;
        let recurrent = matrix(find("r")?)?;
        let biases = matrix(find("b")?)?.values;
        let output = matrix(find("output_weight")?)?;
        let output_bias = matrix(find("output_bias")?)?.values;
        let gates = 4 * recurrent.columns;
        ensure!(
            input.rows == gates
                && recurrent.rows == gates
                && biases.len() == 2 * gates
                && input.columns == embedding.columns
                && output.rows == recurrent.columns
                && output.columns == output_bias.len(),
            "the shapes of the graph's weights do not fit each other"
        );
        let (first, second) = biases.split_at(gates);
        let bias = first.iter().zip(second).map(|(a, b)| a + b).collect();
        Ok(Self {
            embedding,
            input,
            recurrent,
            bias,
            output,
            output_bias,
        })
    }
}

/// A tensor as a matrix of its last dimension by all others.
fn matrix(tensor: &TensorProto) -> Result<Matrix> {
    let name = &tensor.name;
    ensure!(
        tensor.data_type == 1,
        "`{name}` of the graph does not hold 32-bit floats"
    );
    let values: Vec<f32> = tensor
        .raw_data
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
        .collect();
    let columns = tensor
        .dims
        .last()
        .copied()
        .and_then(|d| usize::try_from(d).ok())
        .unwrap_or(0);
    ensure!(
        columns > 0 && values.len().is_multiple_of(columns),
        "`{name}` of the graph has {} values, which its shape does not divide",
        values.len()
    );
    Ok(Matrix {
        rows: values.len() / columns,
        columns,
        values,
    })
}
