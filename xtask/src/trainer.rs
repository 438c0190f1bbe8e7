//! The trainer's commands as seen by the quick build, which does not hold them.
//!
//! A command of the offline half is handed to an xtask built with the feature `offline`, so that a first set-up does not
//! wait for the trainer's dependencies, and a user of the trainer notices nothing but the first build.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

/// The commands of the feature `offline` and what they do.
const COMMANDS: [(&str, &str); 6] = [
    ("corpus", "Read a corpus and print what is in it"),
    ("train", "Train a model on a corpus"),
    ("export-onnx", "Write a model folder from a checkpoint"),
    ("evaluate", "Score a corpus with a model and report on it"),
    (
        "scenarios",
        "Learn, watch and attack real services, and report on it (root)",
    ),
    (
        "bench",
        "Measure overhead, throughput, and the speed of training and inference",
    ),
];

/// The part of `--help` that lists the offline commands.
pub fn help() -> String {
    let mut text = String::from("Commands of the trainer (built when first used):\n");
    for (name, about) in COMMANDS {
        text.push_str(&format!("  {name:12} {about}\n"));
    }
    text
}

/// Becomes an xtask with the trainer in it, with the same arguments.
///
/// Returns only when that fails, or when the first argument is no command at all.
pub fn start(arguments: &[OsString]) -> Result<ExitCode> {
    let name = arguments
        .first()
        .map(OsString::as_os_str)
        .unwrap_or_default();
    if !COMMANDS.iter().any(|(known, _)| OsStr::new(known) == name) {
        eprintln!("error: no command {name:?}; `cargo xtask --help` lists them");
        return Ok(ExitCode::from(2));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let why = Command::new(cargo)
        .args([
            "run",
            "--quiet",
            "--release",
            "--package",
            "xtask",
            "--features",
            "offline",
            "--",
        ])
        .args(arguments)
        .exec();
    Err(why).context("cargo cannot be started to build the trainer")
}

#[cfg(all(test, feature = "offline"))]
mod tests {
    use clap::Subcommand as _;

    use super::COMMANDS;

    #[test]
    fn the_quick_build_knows_every_command_of_the_trainer() {
        let there = crate::offline::Command::augment_subcommands(clap::Command::new("xtask"));
        let mut there: Vec<_> = there
            .get_subcommands()
            .map(|command| command.get_name().to_owned())
            .collect();
        let mut known = COMMANDS.map(|(name, _)| name.to_owned()).to_vec();
        there.sort();
        known.sort();
        assert_eq!(known, there);
    }
}
