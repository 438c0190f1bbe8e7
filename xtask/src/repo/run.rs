//! `cargo xtask run`: the monitor as root, from the source tree.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::setup::{self, Tools};
use super::{build, privilege};

/// Arguments of `cargo xtask run`.
#[derive(clap::Args)]
pub struct Arguments {
    /// What `monitor` is given
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARGS"
    )]
    arguments: Vec<OsString>,
}

/// Sets up, builds, and becomes the monitor.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let tools = setup::setup()?;
    let monitor = build::release()?;
    let mut command = command(&monitor, &tools)?;
    let why = command.args(&arguments.arguments).exec();
    Err(why).with_context(|| format!("cannot start {}", monitor.display()))
}

fn command(monitor: &Path, tools: &Tools) -> Result<std::process::Command> {
    privilege::as_root(
        monitor.as_os_str(),
        &[
            ("ORT_DYLIB_PATH", tools.onnxruntime.as_os_str()),
            ("ORT_DISABLE_TELEMETRY", OsStr::new("1")),
        ],
    )
}
