//! Building the monitor.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::place;

/// cargo, as it was called, in the root of the workspace, with the tool folder made known to the build.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(place::root())
        .env("MONITOR_TOOLS", place::tools());
    command
}

/// Builds the probe and the release binary, and says where it is.
pub fn release() -> Result<PathBuf> {
    eprintln!("Building the probe and the monitor");
    let status = cargo()
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
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| place::root().join("target"), PathBuf::from);
    let binary = target.join("release/monitor");
    if !binary.exists() {
        bail!(
            "cargo built the monitor, but {} is not there",
            binary.display()
        );
    }
    Ok(binary)
}
