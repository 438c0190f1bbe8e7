//! The command itself: a checkpoint in, a model folder out.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::weights::Weights;
use super::{forward, graph_lm, graph_notebook, manifest, readme, threshold};
use crate::offline::corpus::Corpus;
use crate::offline::corpus::files::write_whole;
use crate::offline::train::checkpoint::{self, Checkpoint};
use crate::offline::train::parallel;
use crate::offline::train::preset::Architecture;
use crate::offline::train::samples::held_out_traces;

/// Options of `cargo xtask export-onnx`.
#[derive(Args, Debug)]
pub struct Options {
    /// The checkpoint, such as RUNDIR/best.safetensors.
    #[arg(long, value_name = "FILE")]
    checkpoint: PathBuf,
    /// The corpus that it was trained on: its held-out traces give the thresholds.
    #[arg(long, value_name = "PATH", env = "MONITOR_ADFA_LD")]
    data: PathBuf,
    /// The model folder to write, such as models/NAME.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

/// Runs the command.
///
/// # Errors
/// A checkpoint or corpus that cannot be read, or that do not belong together; a folder that cannot
/// be written.
pub fn command(options: &Options) -> Result<()> {
    let Checkpoint {
        header,
        layout,
        progress,
        ..
    } = checkpoint::load(&options.checkpoint)?;
    let corpus = Corpus::read(&options.data)?;
    ensure!(
        header.source.sha256 == corpus.training.sha256(),
        "the checkpoint was trained on other data (SHA-256 {}, this has {}); give the same --data",
        header.source.sha256,
        corpus.training.sha256()
    );
    let name = options
        .to
        .file_name()
        .context("--to needs the name of a folder")?
        .to_string_lossy();

    let recipe = &header.recipe;
    let network = recipe.architecture.network();
    let held_out = held_out_traces(recipe, &corpus.training);
    let mut traces: Vec<(&[u16], Vec<f32>)> = held_out
        .iter()
        .map(|trace| (&trace.calls[..], Vec::new()))
        .collect();
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    parallel::each(threads, &mut traces, |_, (calls, surprises)| {
        *surprises = forward::surprises(&recipe.architecture, &network, &progress.best, calls);
    });
    let surprises: Vec<Vec<f32>> = traces.into_iter().map(|(_, surprises)| surprises).collect();
    let all = || {
        surprises
            .iter()
            .flatten()
            .map(|&surprise| f64::from(surprise))
    };
    let held_out_nats = all().sum::<f64>() / all().count().max(1) as f64;
    let threshold = threshold::thresholds(&surprises)
        .context("every held-out trace is too short for a threshold")?;

    let mut manifest = manifest::manifest(
        &name,
        &header,
        progress.best.len(),
        held_out_nats,
        threshold,
    );
    let weights = Weights::new(&layout, &progress.best);
    let graph = match &recipe.architecture {
        Architecture::Lm { .. } => graph_lm::build(&weights, manifest.distribution),
        Architecture::Notebook { units, .. } => graph_notebook::build(&weights, units.len()),
    };
    let model = graph.finish(&manifest.metadata());
    manifest.model_sha256 = manifest::sha256(&model);

    fs::create_dir_all(&options.to).with_context(|| options.to.display().to_string())?;
    write_whole(&options.to.join("model.onnx"), &model)?;
    write_whole(
        &options.to.join("README.md"),
        readme::text(&manifest, &header, None).as_bytes(),
    )?;
    let mut json = serde_json::to_vec_pretty(&manifest)?;
    json.push(b'\n');
    write_whole(&options.to.join("manifest.json"), &json)?;
    println!(
        "{}: {} bytes, held out {held_out_nats:.4} nats, thresholds {:.4} slow, {:.4} fast",
        options.to.display(),
        model.len(),
        manifest.threshold.slow,
        manifest.threshold.fast
    );
    Ok(())
}
