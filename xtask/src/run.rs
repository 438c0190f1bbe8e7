//! `cargo xtask run`: the monitor as root, from the source tree.

mod demonstration;

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use super::setup;
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

/// Sets up, builds, and becomes the monitor, or shows the demonstration.
pub fn run(arguments: Arguments) -> Result<ExitCode> {
    let tools = setup::setup()?;
    let monitor = build::release()?;
    if arguments.arguments.is_empty() {
        return demonstration::show(&monitor, &tools.onnxruntime);
    }
    let why = command(&monitor, &tools.onnxruntime, &arguments.arguments)?.exec();
    Err(why).with_context(|| format!("cannot start {}", monitor.display()))
}

/// `monitor ARGS` as root.
fn command(monitor: &Path, library: &Path, arguments: &[OsString]) -> Result<Command> {
    let mut command = privilege::as_root(monitor.as_os_str(), &[])?;
    command.args(with_library(arguments, library));
    Ok(command)
}

/// The arguments with `--onnxruntime LIBRARY` where the monitor takes it.
///
/// An option and not `ORT_DYLIB_PATH`: under sudo the monitor trusts a library of the invoking
/// user's only when that user names it by the option.
fn with_library(arguments: &[OsString], library: &Path) -> Vec<OsString> {
    let command = arguments.first().and_then(|first| first.to_str());
    let at = match command {
        Some("doctor" | "guard" | "learn" | "replay" | "score" | "support-bundle") => 1,
        // Any other command neither takes it nor lets it stand before.
        Some(word) if !word.starts_with('-') => return arguments.to_vec(),
        _ => 0,
    };
    let named = arguments
        .iter()
        .take_while(|argument| *argument != OsStr::new("--"))
        .any(|argument| argument.as_encoded_bytes().starts_with(b"--onnxruntime"));
    let mut all = arguments.to_vec();
    if !named {
        all.splice(
            at..at,
            ["--onnxruntime".into(), library.as_os_str().to_owned()],
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;

    use super::with_library;

    fn given(arguments: &str) -> String {
        let arguments: Vec<OsString> = arguments.split_whitespace().map(OsString::from).collect();
        let all = with_library(&arguments, Path::new("/lib.so"));
        let all: Vec<_> = all
            .iter()
            .map(|argument| argument.to_string_lossy())
            .collect();
        all.join(" ")
    }

    #[test]
    fn the_library_is_named_where_the_monitor_takes_it() {
        assert_eq!(given("--pid 7"), "--onnxruntime /lib.so --pid 7");
        assert_eq!(given("-- ls --all"), "--onnxruntime /lib.so -- ls --all");
        assert_eq!(given("replay a.rec"), "replay --onnxruntime /lib.so a.rec");
        assert_eq!(
            given("learn --profile a -- ls"),
            "learn --onnxruntime /lib.so --profile a -- ls"
        );
        assert_eq!(given("guard"), "guard --onnxruntime /lib.so");
        assert_eq!(given("record --all"), "record --all");
        assert_eq!(given("top"), "top");
        assert_eq!(
            given("--onnxruntime=/own --all"),
            "--onnxruntime=/own --all"
        );
        assert_eq!(
            given("-- x --onnxruntime y"),
            "--onnxruntime /lib.so -- x --onnxruntime y"
        );
    }
}
