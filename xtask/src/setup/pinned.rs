//! Programs of crates.io in pinned versions, built by `cargo install`.

use std::path::Path;
use std::process::Command;

use crate::cargo;

/// The command that builds version `version` of `name` into `root/bin` of `folder`, whatever is
/// configured for the workspace.
pub fn install(name: &str, version: &str, folder: &Path) -> Command {
    let mut command = cargo::program();
    command
        .args(["install", name, "--locked", "--no-track"])
        .arg(format!("--version={version}"))
        .arg("--root")
        .arg(folder.join("root"))
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("CARGO_PROFILE_RELEASE_DEBUG", "false")
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTFLAGS");
    command
}
