//! Checkpoints: safetensors files, written whole or not at all.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::optimizer::Optimizer;
use super::parameters::{Layout, count};
use super::recipe::Recipe;
use super::run::{Epoch, Progress};
use support::files::write_whole;

/// The key of the file's metadata that holds [`Header`] as JSON.
const KEY: &str = "monitor";

/// Larger files are not read: the largest preset makes 10 MB.
const LARGEST: u64 = 1 << 30;

/// What a model was fitted to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Source {
    /// The corpus.
    pub name: String,
    /// SHA-256 of its training traces.
    pub sha256: String,
    /// Training traces.
    pub traces: usize,
    /// Their calls.
    pub calls: usize,
    /// The model that training went on from, if any.
    pub from: Option<String>,
}

/// All of a checkpoint but the tensors.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Header {
    /// How the run goes.
    pub recipe: Recipe,
    /// What it learns from.
    pub source: Source,
    /// The revision of this repository that trained it; "unknown" outside of one.
    pub git_revision: String,
    /// Steps that the optimiser took.
    pub optimizer_steps: u64,
    /// The best epoch.
    pub best_epoch: u32,
    /// Every whole epoch.
    pub history: Vec<Epoch>,
}

/// Writes a checkpoint; `whole` with all that resuming needs, otherwise with the best parameters
/// only.
///
/// # Errors
/// The file cannot be written.
pub fn save(
    path: &Path,
    header: &Header,
    layout: &Layout,
    progress: &Progress,
    whole: bool,
) -> Result<()> {
    let mut groups = vec![("best", &progress.best)];
    if whole {
        groups.push(("last", &progress.parameters));
        groups.push(("square", &progress.optimizer.square));
        if !progress.optimizer.mean.is_empty() {
            groups.push(("mean", &progress.optimizer.mean));
        }
    }
    let mut bytes: Vec<(String, &[usize], Vec<u8>)> = Vec::new();
    for (group, values) in groups {
        for tensor in layout.iter() {
            let little = values[tensor.range.clone()]
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            bytes.push((format!("{group}/{}", tensor.name), &tensor.shape, little));
        }
    }
    let views = bytes.iter().map(|(name, shape, bytes)| {
        TensorView::new(Dtype::F32, shape.to_vec(), bytes).map(|view| (name, view))
    });
    let views: Vec<_> = views.collect::<Result<_, _>>()?;
    let metadata = HashMap::from([(KEY.to_owned(), serde_json::to_string(header)?)]);
    write_whole(path, &safetensors::serialize(views, Some(metadata))?)
}

/// A checkpoint as it was read.
#[derive(Debug)]
pub struct Checkpoint {
    /// All but the tensors.
    pub header: Header,
    /// The names, shapes and places of the parameters.
    pub layout: Layout,
    /// How far the run had come. Of a checkpoint that holds the best parameters only, these are the
    /// last ones too.
    pub progress: Progress,
    /// Whether it holds all that resuming needs.
    pub whole: bool,
}

/// Reads a checkpoint.
///
/// # Errors
/// A file that cannot be read, is no checkpoint, or whose tensors do not fit its own recipe.
pub fn load(path: &Path) -> Result<Checkpoint> {
    let size = fs::metadata(path)
        .with_context(|| path.display().to_string())?
        .len();
    ensure!(
        size <= LARGEST,
        "{}: {size} bytes are more than a checkpoint has",
        path.display()
    );
    let bytes = fs::read(path).with_context(|| path.display().to_string())?;
    parse(&bytes).with_context(|| format!("{} is no checkpoint of this trainer", path.display()))
}

fn parse(bytes: &[u8]) -> Result<Checkpoint> {
    let (_, metadata) = SafeTensors::read_metadata(bytes)?;
    let json = metadata
        .metadata()
        .as_ref()
        .and_then(|map| map.get(KEY))
        .context("it has no recipe")?;
    let header: Header = serde_json::from_str(json)?;
    header.recipe.architecture.check()?;
    let tensors = SafeTensors::deserialize(bytes)?;
    let layout = header.recipe.architecture.network().layout;
    let read = |group: &str| -> Result<Vec<f32>> {
        let mut values = Vec::with_capacity(count(&layout));
        for tensor in layout.iter() {
            let name = format!("{group}/{}", tensor.name);
            let view = tensors.tensor(&name)?;
            if view.dtype() != Dtype::F32 || view.shape() != tensor.shape {
                bail!(
                    "{name} is {:?} {:?}, the recipe wants F32 {:?}",
                    view.dtype(),
                    view.shape(),
                    tensor.shape
                );
            }
            let words = view.data().chunks_exact(4);
            values
                .extend(words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])));
        }
        Ok(values)
    };
    let whole = tensors.names().iter().any(|name| name.starts_with("last/"));
    let best = read("best")?;
    let mut progress = Progress::new(&header.recipe, best);
    progress.best_epoch = header.best_epoch;
    progress.history.clone_from(&header.history);
    if whole {
        progress.parameters = read("last")?;
        progress.optimizer = Optimizer {
            steps: header.optimizer_steps,
            square: read("square")?,
            mean: if progress.optimizer.mean.is_empty() {
                Vec::new()
            } else {
                read("mean")?
            },
            rule: header.recipe.rule,
        };
    }
    Ok(Checkpoint {
        header,
        layout,
        progress,
        whole,
    })
}
