//! Building the monitor.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::architecture::Architecture;
use crate::cargo;
use crate::setup::Rustc;
use crate::step::Step;
use crate::tool;
use support::place;

/// What is built.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The machine that it is for, this one where none is named.
    pub architecture: Option<Architecture>,
    /// The commit that the program is to name.
    pub revision: Option<&'a str>,
    /// The profile of the tests in the place of the release's.
    pub is_debug: bool,
    /// Whether equal sources give equal bytes in whatever folder they lie.
    pub is_reproducible: bool,
}

/// Builds the probe and the release binary, and says where it is.
///
/// # Errors
/// It does not build.
pub fn release() -> Result<PathBuf> {
    binary(Wanted::default())
}

/// Builds the probe and the program, and says where it is.
///
/// # Errors
/// It does not build, or the target of another machine cannot be added.
pub fn binary(wanted: Wanted<'_>) -> Result<PathBuf> {
    let (option, profile) = if wanted.is_debug {
        (None, "debug")
    } else {
        (Some("--release"), "release")
    };
    let other = wanted.architecture.filter(|it| !it.is_host());
    let mut command = cargo::in_workspace();
    command
        .arg("build")
        .args(option)
        .args(["--package", "monitor", "--bin", "monitor"])
        .envs(wanted.revision.map(|it| ("MONITOR_REVISION", it)));
    let mut folder = place::target();
    if wanted.is_reproducible {
        folder.push("dist/build");
        command.arg("--target-dir").arg(&folder);
        command.envs(remapped());
    }
    if let Some(other) = other {
        add_target(other)?;
        folder.push(other.target());
        command.args(["--target", other.target()]);
        command.envs(cross(other));
    }
    eprintln!("Building the probe and the monitor");
    let status = command.status().context("cannot start cargo")?;
    if !status.success() {
        match other {
            None => bail!("the monitor does not build"),
            Some(other) => bail!(
                "the monitor does not build for {} (Debian's packages of the compiler: {})",
                other.target(),
                other.compiler_packages()
            ),
        }
    }
    let binary = folder.join(profile).join("monitor");
    if !binary.exists() {
        bail!(
            "cargo built the monitor, but {} is not there",
            binary.display()
        );
    }
    Ok(binary)
}

/// The linker of another machine's programs, and the compiler of what is written in C.
fn cross(to: Architecture) -> [(String, String); 2] {
    let compiler = to.tool("gcc");
    let name = to.target().replace('-', "_");
    [
        (
            format!("CARGO_TARGET_{}_LINKER", name.to_uppercase()),
            compiler.clone(),
        ),
        (format!("CC_{name}"), compiler),
    ]
}

/// What keeps the folders of this machine out of the program: rustc and the C compiler write others
/// in their place.
///
/// The flags stand in the environment and not in cargo's configuration, as they name folders of
/// this machine. They replace the user's own (`RUSTFLAGS`).
fn remapped() -> Vec<(String, String)> {
    let folders = [
        (Some(place::root()), "/usr/src/monitor"),
        (cargo_home(), "/usr/src/cargo"),
        // Where rust-src is installed, rustc names the standard library's files by their places in
        // it.
        (
            Rustc::ask()
                .ok()
                .map(|it| it.sysroot.join("lib/rustlib/src/rust")),
            "/usr/src/rust",
        ),
    ];
    let folders = || {
        folders
            .iter()
            .filter_map(|(from, to)| Some((from.as_ref()?, to)))
    };
    let rust = folders().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    let c = folders().map(|(from, to)| format!("-ffile-prefix-map={}={to}", from.display()));
    vec![
        (
            "CARGO_ENCODED_RUSTFLAGS".to_owned(),
            rust.collect::<Vec<_>>().join("\x1f"),
        ),
        ("CFLAGS".to_owned(), c.collect::<Vec<_>>().join(" ")),
    ]
}

/// Where cargo keeps the sources of crates
/// (<https://doc.rust-lang.org/cargo/guide/cargo-home.html>).
fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|it| it.join(".cargo")))
}

/// Adds the standard library of another machine to the toolchain, unless it is there.
///
/// # Errors
/// rustup is not here or cannot fetch it.
pub(crate) fn add_target(to: Architecture) -> Result<()> {
    let rustc = Rustc::ask()?;
    let library = rustc.sysroot.join("lib/rustlib").join(to.target());
    if library.join("lib").is_dir() {
        return Ok(());
    }
    tool::run(
        &Step::begin(
            to.target(),
            "adding the target",
            "to build the monitor for it",
        ),
        Command::new("rustup").args(["target", "add", to.target()]),
    )
    .with_context(|| format!("the target {} cannot be added", to.target()))
}
