//! onnxruntime, for the commands that score.

use std::path::Path;

use anyhow::Result;
use monitor::model::runtime::{Runtime, disable_telemetry};

/// Loads libonnxruntime: `option`, or where the monitor finds it. To be called first thing by a
/// command, before it starts a thread.
///
/// # Errors
///
/// It is nowhere, or cannot be used.
pub fn load(option: Option<&Path>) -> Result<Runtime> {
    // SAFETY: commands call this before they start a thread, so nobody reads the environment.
    unsafe { disable_telemetry() };
    Ok(Runtime::load(option)?)
}
