//! Building the monitor.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use support::place;

/// cargo, as this program was started by it.
pub(crate) fn program() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// cargo, as it was called, in the root of the workspace, with the tool folder made known to the build.
#[must_use]
pub fn cargo() -> Command {
    let mut command = program();
    command
        .current_dir(place::root())
        .env("MONITOR_TOOLS", place::tools());
    command
}

/// Builds the probe and the release binary, and says where it is.
///
/// # Errors
/// It does not build.
pub fn release() -> Result<PathBuf> {
    release_of(None)
}

/// The same, of a commit that the program is to name.
///
/// # Errors
/// It does not build.
pub fn release_of(revision: Option<&str>) -> Result<PathBuf> {
    eprintln!("Building the probe and the monitor");
    let status = cargo()
        .envs(revision.map(|it| ("MONITOR_REVISION", it)))
        .args([
            "build",
            "--release",
            "--package",
            "monitor",
            "--bin",
            "monitor",
        ])
        .status()
        .context("cannot start cargo")?;
    if !status.success() {
        bail!("the monitor does not build");
    }
    let binary = place::target().join("release/monitor");
    if !binary.exists() {
        bail!(
            "cargo built the monitor, but {} is not there",
            binary.display()
        );
    }
    Ok(binary)
}
