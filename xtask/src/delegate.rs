//! The commands of the other crates in this folder.
//!
//! Each is built when it is first called, so that a first set-up does not wait for the trainer's
//! dependencies, and training does not wait for those of the scenario suite.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::cargo;

/// A command of another crate.
#[derive(Clone, Copy, Debug)]
pub struct Delegate {
    /// Its name on the command line.
    pub name: &'static str,
    /// The package that holds it.
    pub package: &'static str,
    about: &'static str,
}

/// All of them, in the order of the help.
pub const COMMANDS: [Delegate; 8] = [
    Delegate {
        name: "corpus",
        package: "xtask-trainer",
        about: "Read a corpus and print what is in it",
    },
    Delegate {
        name: "train",
        package: "xtask-trainer",
        about: "Train a model on a corpus",
    },
    Delegate {
        name: "export-onnx",
        package: "xtask-trainer",
        about: "Write a model folder from a checkpoint",
    },
    Delegate {
        name: "evaluate",
        package: "xtask-evaluation",
        about: "Score a corpus with a model and report on it",
    },
    Delegate {
        name: "calibrate",
        package: "xtask-evaluation",
        about: "Ask recordings of benign services whether a budget is kept to",
    },
    Delegate {
        name: "scenarios",
        package: "xtask-field",
        about: "Learn, watch and attack real services, and report on it (root)",
    },
    Delegate {
        name: "kernels",
        package: "xtask-field",
        about: "Boot other kernels in an emulator, with checks of what the monitor sees there",
    },
    Delegate {
        name: "bench",
        package: "xtask-field",
        about: "Measure overhead, throughput, and the speed of training and inference",
    },
];

/// The part of `--help` that lists them.
#[must_use]
pub fn help() -> String {
    let mut text = String::from("Commands that are built when first used:\n");
    for command in COMMANDS {
        text.push_str(&format!("  {:12} {}\n", command.name, command.about));
    }
    text
}

/// Becomes the program that holds the command, with the same arguments.
///
/// Returns only when that fails, or when the first argument is no command at all.
///
/// # Errors
/// cargo cannot be started.
pub fn start(arguments: &[OsString]) -> Result<ExitCode> {
    let name = arguments
        .first()
        .map(OsString::as_os_str)
        .unwrap_or_default();
    let Some(command) = COMMANDS
        .iter()
        .find(|command| OsStr::new(command.name) == name)
    else {
        eprintln!("error: no command {name:?}; `cargo xtask --help` lists them");
        return Ok(ExitCode::from(2));
    };
    let mut cargo = cargo::program();
    cargo.args(["run", "--quiet", "--release", "--package", command.package]);
    let why = cargo.arg("--").args(arguments).exec();
    Err(why).with_context(|| format!("cargo cannot be started to build {}", command.package))
}
