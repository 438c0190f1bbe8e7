//! The command itself: a checkpoint in, a model folder out.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;
use monitor::model::manifest::{Manifest, Precision};
use monitor::model::runtime::Runtime;
use sha2::{Digest as _, Sha256};

use super::weights::Weights;
use super::{graph_lm, graph_notebook, manifest, measure, readme, threshold};
use crate::corpus::Corpus;
use crate::corpus::normal::NormalTraces;
use crate::runtime;
use crate::train::checkpoint::{self, Checkpoint};
use crate::train::preset::Architecture;
use crate::train::samples::held_out_traces;
use support::files::write_whole;

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
    /// 8-bit weights, quantised activations: about a quarter of the size. What it costs is measured
    /// on the held-out traces, with libonnxruntime.
    #[arg(long)]
    int8: bool,
    /// libonnxruntime [default: as the monitor finds it].
    #[arg(long, value_name = "FILE", requires = "int8")]
    onnxruntime: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// A checkpoint or corpus that cannot be read, or that do not belong together; a folder that cannot
/// be written; for 8-bit weights, no libonnxruntime to measure them with.
pub fn command(options: &Options) -> Result<()> {
    // First, since it must come before any thread.
    let runtime = match options.int8 {
        true => Some(runtime::load(options.onnxruntime.as_deref())?),
        false => None,
    };
    let checkpoint = checkpoint::load(&options.checkpoint)?;
    let corpus = Corpus::read(&options.data)?;
    let source = &checkpoint.header.source;
    ensure!(
        source.sha256 == corpus.training.sha256(),
        "the checkpoint was trained on other data (SHA-256 {}, this has {}); give the same --data",
        source.sha256,
        corpus.training.sha256()
    );
    let name = options
        .to
        .file_name()
        .context("--to needs the name of a folder")?;
    let exported = export(
        &name.to_string_lossy(),
        &checkpoint,
        &corpus.training,
        runtime.as_ref(),
    )?;

    fs::create_dir_all(&options.to).with_context(|| options.to.display().to_string())?;
    let Exported {
        manifest,
        model,
        cost,
    } = exported;
    let readme = readme::text(&manifest, &checkpoint.header, cost);
    let mut json = serde_json::to_vec_pretty(&manifest)?;
    json.push(b'\n');
    write_whole(&options.to.join("model.onnx"), &model)?;
    write_whole(&options.to.join("README.md"), readme.as_bytes())?;
    write_whole(&options.to.join("manifest.json"), &json)?;
    println!(
        "{}: {} bytes, held out {:.4} nats, thresholds {:.4} slow, {:.4} fast",
        options.to.display(),
        model.len(),
        manifest.held_out_nats,
        manifest.threshold.slow,
        manifest.threshold.fast
    );
    if let Some(cost) = cost {
        println!("8-bit weights cost {cost:+.5} nats a call");
    }
    Ok(())
}

/// A model as it is written to its folder.
struct Exported {
    manifest: Manifest,
    model: Vec<u8>,
    /// What 8-bit weights cost, nats a call.
    cost: Option<f64>,
}

/// Builds the graph; with a `runtime`, one with 8-bit weights, which is measured by it.
fn export(
    name: &str,
    checkpoint: &Checkpoint,
    training: &NormalTraces,
    runtime: Option<&Runtime>,
) -> Result<Exported> {
    const TOO_SHORT: &str = "every held-out trace is too short for a threshold";
    let (header, best) = (&checkpoint.header, &checkpoint.progress.best);
    let architecture = &header.recipe.architecture;
    let held_out = held_out_traces(&header.recipe, training);
    let surprises = measure::by_trainer(architecture, best, &held_out);
    let nats = measure::mean(&surprises);
    let threshold = threshold::thresholds(&surprises).context(TOO_SHORT)?;
    let mut manifest = manifest::manifest(name, header, best.len(), nats, threshold);
    if runtime.is_some() {
        manifest.precision = Precision::Int8;
    }
    let weights = Weights::new(&checkpoint.layout, best);
    let graph = match architecture {
        Architecture::Lm { .. } => {
            graph_lm::build(&weights, manifest.precision, manifest.distribution)
        }
        Architecture::Notebook { units, .. } => {
            graph_notebook::build(&weights, manifest.precision, units.len())
        }
    };
    let model = graph.finish(&manifest.metadata());
    manifest.model_sha256 = format!("{:x}", Sha256::digest(&model));
    let mut cost = None;
    if let Some(runtime) = runtime {
        let surprises = measure::by_graph(runtime, &manifest, &model, &held_out)?;
        manifest.held_out_nats = measure::mean(&surprises);
        manifest.threshold = threshold::thresholds(&surprises).context(TOO_SHORT)?;
        cost = Some(manifest.held_out_nats - nats);
    }
    Ok(Exported {
        manifest,
        model,
        cost,
    })
}
