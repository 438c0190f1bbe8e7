//! The general model that the command line asks for.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use monitor::model::Model;
use monitor::model::runtime::Runtime;
use monitor::trace::error::shown;

use crate::cli::status::Usage;

/// Options that name the general model.
#[derive(Args, Clone, Debug, Default)]
pub struct ModelArgs {
    /// Judge by the model in this folder (model.onnx, manifest.json); without it, the embedded one
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// Where libonnxruntime is; without it, ORT_DYLIB_PATH, beside the monitor, the system's path
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

impl ModelArgs {
    /// The folder of a model that is not the embedded one.
    pub fn folder(&self) -> Option<&Path> {
        self.model.as_deref()
    }

    /// Loads onnxruntime and the model.
    ///
    /// # Errors
    /// When one of them cannot be had.
    pub fn load(&self) -> Result<Model> {
        let runtime = Runtime::load(self.onnxruntime.as_deref())?;
        match &self.model {
            Some(folder) => load(&runtime, folder),
            None => Model::embedded(&runtime).context("the embedded model"),
        }
    }
}

fn load(runtime: &Runtime, folder: &Path) -> Result<Model> {
    let at = shown(folder);
    if !folder.is_dir() {
        return Err(Usage(format!(
            "--model: {at} is no folder; give one with model.onnx and manifest.json in it"
        ))
        .into());
    }
    Model::load(runtime, folder).with_context(|| format!("the model in {at}"))
}
