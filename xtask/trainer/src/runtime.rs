//! onnxruntime, for the commands that score.

use std::path::Path;

use anyhow::Result;
use monitor::model::runtime::{Runtime, disable_telemetry};
use support::place;

/// Loads libonnxruntime: `option`, or what the set-up has brought, or where the monitor finds it.
/// To be called first thing by a command, before it starts a thread.
///
/// # Errors
///
/// It is nowhere, or cannot be used.
pub fn load(option: Option<&Path>) -> Result<Runtime> {
    // SAFETY: commands call this before they start a thread, so nobody reads the environment.
    unsafe { disable_telemetry() };
    let brought = option.is_none().then(place::onnxruntime).flatten();
    Ok(Runtime::load(option.or(brought.as_deref()))?)
}
