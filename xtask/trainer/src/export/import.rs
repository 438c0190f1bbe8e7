//! The trainer's parameters back out of an exported graph, to go on training from a model folder.

use anyhow::{Context, Result, bail, ensure};
use prost::Message;

use super::onnx::proto::{GraphProto, ModelProto};
use crate::train::parameters::{Tensor, count};
use crate::train::preset::{Architecture, Preset};

/// The network that a graph of this exporter was made of, and its parameters.
///
/// # Errors
/// Bytes that are no such graph: of other tools, or with 8-bit weights.
pub fn parameters(model: &[u8]) -> Result<(Architecture, Vec<f32>)> {
    let model = ModelProto::decode(model).context("it is no ONNX file")?;
    let graph = model.graph.context("it has no graph")?;
    let architecture = architecture(&graph)?;
    architecture.check()?;
    let layout = architecture.network().layout;
    let mut values = vec![0.0; count(&layout)];
    for Tensor { name, shape, range } in layout.iter() {
        fill(&graph, name, shape, &mut values[range.clone()])
            .with_context(|| format!("its {name}"))?;
    }
    Ok((architecture, values))
}

fn architecture(graph: &GraphProto) -> Result<Architecture> {
    let units =
        |name: &str| -> Result<usize> { Ok(floats(graph, name)?.1.last().copied().unwrap_or(0)) };
    match graph.name.as_str() {
        "lm" => {
            let Architecture::Lm { dropout, .. } = Architecture::of(Preset::Lm) else {
                bail!("the preset lm is of its own kind")
            };
            Ok(Architecture::Lm {
                embedding: units("embedding")?,
                units: units("r")?,
                dropout,
            })
        }
        "notebook" => {
            let Architecture::Notebook { dropout, .. } = Architecture::of(Preset::Notebook) else {
                bail!("the preset notebook is of its own kind")
            };
            let named = (1..=8).map(|layer| format!("r{layer}"));
            let there = named
                .take_while(|name| graph.initializer.iter().any(|tensor| tensor.name == *name));
            let units = there.map(|name| units(&name)).collect::<Result<_>>()?;
            Ok(Architecture::Notebook { units, dropout })
        }
        other => bail!(
            "its graph is called \"{}\", not lm or notebook",
            other.escape_debug()
        ),
    }
}

/// Fills one tensor of the trainer from the constant it was exported to.
fn fill(graph: &GraphProto, name: &str, shape: &[usize], out: &mut [f32]) -> Result<()> {
    let layer: String = name.chars().filter(char::is_ascii_digit).collect();
    let (constant, transposed) = if name == "embedding" {
        ("embedding".to_owned(), false)
    } else if name.starts_with("output") {
        (name.replace('.', "_"), false)
    } else if name.ends_with(".recurrent") {
        (format!("r{layer}"), true)
    } else if name.ends_with(".bias") {
        (format!("b{layer}"), false)
    } else {
        (format!("w{layer}"), true)
    };
    let (values, _) = floats(graph, &constant)?;
    // The second half of an LSTM's bias belongs to its recurrent weights, and is zero here.
    let enough = if constant.starts_with('b') {
        2 * out.len()
    } else {
        out.len()
    };
    ensure!(
        values.len() == enough,
        "has {} numbers, not {enough}",
        values.len()
    );
    if transposed {
        let (rows, columns) = (shape[0], shape[1]);
        for row in 0..rows {
            for column in 0..columns {
                out[row * columns + column] = values[column * rows + row];
            }
        }
    } else {
        out.copy_from_slice(&values[..out.len()]);
    }
    Ok(())
}

/// A constant's numbers and shape.
fn floats(graph: &GraphProto, name: &str) -> Result<(Vec<f32>, Vec<usize>)> {
    let tensor = graph.initializer.iter().find(|tensor| tensor.name == name);
    let tensor = tensor.with_context(|| {
        format!(
            "it has no constant {name}: it is of another tool or has 8-bit weights, give one \
                 with 32-bit weights"
        )
    })?;
    ensure!(
        tensor.data_type == 1,
        "its constant {name} does not hold 32-bit floats"
    );
    let words = tensor.raw_data.chunks_exact(4);
    let values = words
        .map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .collect();
    let shape = tensor
        .dims
        .iter()
        .map(|&n| usize::try_from(n).unwrap_or(0))
        .collect();
    Ok((values, shape))
}
