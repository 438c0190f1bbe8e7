//! The sources of the standard library: the probe's target has no built one, so its build compiles
//! `core`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::rustc::Rustc;
use crate::step::Step;
use crate::tool;

const NAME: &str = "rust-src";
const REMEDY: &str =
    "check the network, or add the component by hand: `rustup component add rust-src`";

/// Adds the component when it is missing.
pub fn bring(rustc: &Rustc) -> Result<()> {
    let core = rustc
        .sysroot
        .join("lib/rustlib/src/rust/library/core/src/lib.rs");
    if core.exists() {
        Step::skip(NAME, "there");
        return Ok(());
    }
    let step = Step::begin(
        NAME,
        "adding the component with rustup",
        "the kernel's target has no built `core`, so the probe's build compiles it",
    );
    let toolchain = toolchain(&rustc.sysroot);
    if tool::output(Command::new("rustup").arg("--version")).is_none() {
        bail!(
            "{NAME}: there is no rustup to add it with: install Rust from https://rustup.rs, or \
             your distribution's package with the Rust sources (often `rust-src`)"
        );
    }
    tool::run(
        &step,
        Command::new("rustup").args(["component", "add", NAME, "--toolchain", &toolchain]),
    )
    .with_context(|| format!("{NAME}: {REMEDY}"))?;
    if !core.exists() {
        bail!(
            "{NAME}: rustup added it, but {} is not there: {REMEDY}",
            core.display()
        );
    }
    step.done("added");
    Ok(())
}

/// The toolchain's name for rustup: the name of its folder.
fn toolchain(sysroot: &Path) -> String {
    sysroot
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
