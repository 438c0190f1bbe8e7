//! A trained model that says how surprising each call of a thread is.

pub mod manifest;

pub mod runtime;

mod graph;

mod lane;

mod onnx;

mod stateful;

mod window;

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::model::manifest::{Kind, Manifest, ManifestError};
use crate::model::runtime::Runtime;

pub(super) use lane::Lane;

/// The largest `model.onnx` that is read, bytes.
pub const LARGEST_GRAPH: u64 = 64 << 20;

/// The largest `manifest.json` that is read, bytes.
pub const LARGEST_MANIFEST: u64 = 1 << 20;

/// The default model's manifest.
pub const EMBEDDED_MANIFEST: &[u8] = include_bytes!("../../models/default/manifest.json");

/// The default model's graph.
const GRAPH: &[u8] = include_bytes!("../../models/default/model.onnx");

/// Why a model cannot be used.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A file cannot be read.
    #[error("cannot read `{}`: {error}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// A file is too large to be what it should be.
    #[error("`{}` is larger than {limit} bytes: it is no model of this program", .path.display())]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// The limit, bytes.
        limit: u64,
    },
    /// The manifest is no manifest.
    #[error("the model's manifest cannot be read: {0}")]
    Json(serde_json::Error),
    /// The manifest says something that this program cannot work with.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The graph is another one than the manifest's.
    #[error(
        "the manifest is for a model.onnx with SHA-256 {manifest}, but this one has {graph}; take \
         both from the same model folder"
    )]
    Hash {
        /// What the manifest says.
        manifest: String,
        /// What the file has.
        graph: String,
    },
    /// The graph and the manifest disagree.
    #[error(
        "of {what}, the manifest says {manifest}, but the graph says {graph}; export the model \
         again"
    )]
    Mismatch {
        /// About what.
        what: String,
        /// What the manifest says.
        manifest: String,
        /// What the graph says.
        graph: String,
    },
    /// onnxruntime does not take the graph.
    #[error("onnxruntime does not take the model: {0}")]
    Graph(Fault),
}

impl From<serde_json::Error> for ModelError {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

/// What onnxruntime says of a failure.
#[derive(Debug, Error)]
#[error(transparent)]
pub struct Fault(Box<dyn std::error::Error + Send + Sync>);

impl Fault {
    /// Of an error of the library's binding, whose types are nobody else's business.
    pub(crate) fn of(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Box::new(error))
    }
}

impl ModelError {
    fn graph(error: ort::Error) -> Self {
        Self::Graph(Fault::of(error))
    }
}

impl ScoreError {
    fn inference(error: ort::Error) -> Self {
        Self::Inference(Fault::of(error))
    }
}

/// Why calls could not be scored.
#[derive(Debug, Error)]
pub enum ScoreError {
    /// onnxruntime failed.
    #[error("inference failed: {0}")]
    Inference(Fault),
    /// The model gave something that is no surprise.
    #[error("the model gave a surprise of {0} nats: the model is broken, export or train it again")]
    NoSurprise(f32),
    /// An earlier call failed, and what was queued then is lost.
    #[error("scoring failed before and cannot go on")]
    Failed,
}

/// What the model thought of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// `−ln p(call | the calls before it)`, nats; `None` where the model has too little before it.
    pub surprise: Option<f32>,
    /// The likeliest calls in its place, likeliest first: index and probability. Empty where
    /// there is no surprise or the model gives no distribution.
    pub expected: Vec<(u16, f32)>,
}

enum Network {
    Stateful(Box<stateful::Stateful>),
    Window(Box<window::Window>),
}

/// A model, ready to score. A clone is the same one: they take turns.
#[derive(Clone)]
pub struct Model {
    manifest: Arc<Manifest>,
    network: Arc<Mutex<Network>>,
    runtime: Runtime,
    graph: Arc<Cow<'static, [u8]>>,
}

impl Model {
    /// The default model, which the program itself holds.
    ///
    /// # Errors
    /// When onnxruntime does not take it.
    pub fn embedded(runtime: &Runtime) -> Result<Self, ModelError> {
        let manifest = serde_json::from_slice(EMBEDDED_MANIFEST)?;
        Self::of(runtime, Arc::new(manifest), Arc::new(GRAPH.into()))
    }

    /// Loads a model folder: `manifest.json` and `model.onnx`.
    ///
    /// # Errors
    /// When a file cannot be read or is too large, or see [`Model::from_parts`].
    pub fn load(runtime: &Runtime, folder: &Path) -> Result<Self, ModelError> {
        let manifest = read(&folder.join("manifest.json"), LARGEST_MANIFEST)?;
        let graph = read(&folder.join("model.onnx"), LARGEST_GRAPH)?;
        let manifest = serde_json::from_slice(&manifest)?;
        Self::of(runtime, Arc::new(manifest), Arc::new(graph.into()))
    }

    /// Makes a model of a manifest and the bytes of its `model.onnx`.
    ///
    /// # Errors
    /// When the manifest holds what this program cannot work with, when the graph is not the
    /// manifest's (its hash, its metadata, its inputs and outputs), or when onnxruntime does not
    /// take it.
    pub fn from_parts(
        runtime: &Runtime,
        manifest: Manifest,
        graph: &[u8],
    ) -> Result<Self, ModelError> {
        Self::of(runtime, Arc::new(manifest), Arc::new(graph.to_vec().into()))
    }

    /// The same model for another thread, which never waits for this one: who holds a model may be
    /// kept from the CPU for long by all that is more urgent.
    ///
    /// # Errors
    /// When onnxruntime does not take it once more.
    pub fn twin(&self) -> Result<Self, ModelError> {
        let (manifest, graph) = (Arc::clone(&self.manifest), Arc::clone(&self.graph));
        Self::of(&self.runtime, manifest, graph)
    }

    fn of(
        runtime: &Runtime,
        manifest: Arc<Manifest>,
        graph: Arc<Cow<'static, [u8]>>,
    ) -> Result<Self, ModelError> {
        manifest.check()?;
        let hash = hex::encode(Sha256::digest(&**graph));
        if hash != manifest.model_sha256 {
            return Err(ModelError::Hash {
                manifest: manifest.model_sha256.escape_default().to_string(),
                graph: hash,
            });
        }
        let session = onnx::session(runtime, &graph).map_err(ModelError::graph)?;
        graph::check(&manifest, &session)?;
        let network = match manifest.kind {
            Kind::Stateful => {
                Network::Stateful(Box::new(stateful::Stateful::new(session, &manifest)))
            }
            Kind::Window => Network::Window(Box::new(window::Window::new(session, &manifest))),
        };
        Ok(Self {
            manifest,
            network: Arc::new(Mutex::new(network)),
            runtime: runtime.clone(),
            graph,
        })
    }

    /// What the model's folder says of it.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What the model thinks of every call of a sequence, each with its `alternatives` likeliest
    /// calls. `calls` are vocabulary indices, all below 341; `from_start` says whether the first is
    /// a thread's first call. The same sequence always gives the same bits.
    ///
    /// # Errors
    /// When inference fails.
    pub fn explain(
        &mut self,
        calls: &[u16],
        from_start: bool,
        alternatives: usize,
    ) -> Result<Vec<Explained>, ScoreError> {
        match &mut *self.network() {
            Network::Stateful(network) => network.explain(calls, from_start, alternatives),
            Network::Window(network) => network.explain(calls, alternatives),
        }
    }

    fn network(&self) -> MutexGuard<'_, Network> {
        // A run that was cut short leaves nothing behind that the next one reads.
        self.network.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lane for a new stream.
    pub(super) fn lane(&self) -> Lane {
        match &*self.network() {
            Network::Stateful(network) => network.lane(),
            Network::Window(network) => network.lane(),
        }
    }

    /// Scores all that waits in the lanes named by `active`.
    pub(super) fn score(&mut self, lanes: &mut [Lane], active: &[u32]) -> Result<(), ScoreError> {
        match &mut *self.network() {
            Network::Stateful(network) => network.score(lanes, active),
            Network::Window(network) => network.score(lanes, active),
        }
    }
}

fn read(path: &Path, limit: u64) -> Result<Vec<u8>, ModelError> {
    let io = |error| ModelError::Io {
        path: path.to_path_buf(),
        error,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(ModelError::TooLarge {
            path: path.to_path_buf(),
            limit,
        });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
