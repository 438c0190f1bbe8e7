//! The surprises of held-out traces: by the trainer, and by an exported graph with 8-bit weights.

use anyhow::{Context, Result};
use monitor::model::Model;
use monitor::model::manifest::Manifest;
use monitor::model::runtime::Runtime;

use super::forward;
use crate::corpus::Trace;
use crate::train::parallel;
use crate::train::preset::Architecture;

/// The surprise of every scored call of each trace, by the trainer's own forward pass.
#[must_use]
pub fn by_trainer(
    architecture: &Architecture,
    parameters: &[f32],
    traces: &[&Trace],
) -> Vec<Vec<f32>> {
    let network = architecture.network();
    let mut work: Vec<(&Trace, Vec<f32>)> =
        traces.iter().map(|&trace| (trace, Vec::new())).collect();
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    parallel::each(threads, &mut work, |_, (trace, surprises)| {
        *surprises = forward::surprises(architecture, &network, parameters, &trace.calls);
    });
    work.into_iter().map(|(_, surprises)| surprises).collect()
}

/// The same by onnxruntime, through the monitor's own model.
///
/// # Errors
/// The graph is not taken, or inference fails.
pub fn by_graph(
    runtime: &Runtime,
    manifest: &Manifest,
    graph: &[u8],
    traces: &[&Trace],
) -> Result<Vec<Vec<f32>>> {
    let mut model =
        Model::from_parts(runtime, manifest.clone(), graph).context("the exported graph")?;
    let surprises = traces.iter().map(|trace| {
        let calls = model.explain(&trace.calls, true, 0)?;
        Ok(calls.into_iter().filter_map(|call| call.surprise).collect())
    });
    surprises.collect()
}

/// Mean surprise, nats a call; 0 without any.
#[must_use]
pub fn mean(surprises: &[Vec<f32>]) -> f64 {
    let calls: usize = surprises.iter().map(Vec::len).sum();
    surprises
        .iter()
        .flatten()
        .map(|&surprise| f64::from(surprise))
        .sum::<f64>()
        / calls.max(1) as f64
}
