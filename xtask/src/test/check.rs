//! The checks beside the tests: format, lint, documentation, and the other machine.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::supply;
use super::tally::Tally;
use crate::setup::Rustc;
use crate::{build, tool};

const OTHER_TARGET: &str = "aarch64-unknown-linux-gnu";

/// Runs all checks. Their output goes straight to the user.
pub fn all(tally: &mut Tally) {
    one(
        "format (cargo fmt)",
        build::cargo().args(["fmt", "--all", "--check"]),
        tally,
    );
    one(
        "lint (cargo clippy)",
        build::cargo()
            .args(["clippy", "--quiet", "--workspace", "--all-targets"])
            .args(["--", "-D", "warnings"]),
        tally,
    );
    one(
        "documentation (cargo doc)",
        build::cargo()
            .args(["doc", "--quiet", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
        tally,
    );
    supplied(tally);
    match other_target() {
        Ok(()) => one(
            "compiles for aarch64 (cargo check)",
            build::cargo().args([
                "check",
                "--quiet",
                "--package",
                "monitor",
                "--target",
                OTHER_TARGET,
            ]),
            tally,
        ),
        Err(why) => {
            let why = format!(
                "compiling for aarch64: the target {OTHER_TARGET} cannot be added: {why:#}"
            );
            eprintln!("  {why}");
            tally.skip(1, why.lines().next().unwrap_or_default());
        }
    }
}

/// Licences and sources of all crates, by `deny.toml`.
fn supplied(tally: &mut Tally) {
    const NAME: &str = "licences and sources (deny.toml)";
    if supply::has_cargo_deny() {
        let mut deny = build::cargo();
        // Advisories need a database, which is fetched: they are the release's affair.
        deny.args([
            "deny",
            "--all-features",
            "check",
            "licenses",
            "bans",
            "sources",
        ]);
        return one(NAME, &mut deny, tally);
    }
    eprintln!("  {NAME}");
    match supply::check() {
        Ok(found) => {
            for told in &found.warned {
                eprintln!("    beside each other: {told}");
            }
            for told in &found.refused {
                eprintln!("    refused: {told}");
            }
            if found.refused.is_empty() {
                tally.pass();
            } else {
                tally.fail(NAME);
            }
        }
        Err(why) => tally.fail(&format!("{NAME}: {why:#}")),
    }
}

fn one(name: &str, command: &mut Command, tally: &mut Tally) {
    eprintln!("  {name}");
    match command.status() {
        Ok(status) if status.success() => tally.pass(),
        Ok(_) => tally.fail(name),
        Err(why) => tally.fail(&format!("{name}: cannot be started: {why}")),
    }
}

fn other_target() -> Result<()> {
    let rustc = Rustc::ask()?;
    if installed(&rustc.sysroot) {
        return Ok(());
    }
    tool::run(
        &crate::step::Step::begin(
            OTHER_TARGET,
            "adding the target",
            "to check that the monitor compiles for it",
        ),
        Command::new("rustup").args(["target", "add", OTHER_TARGET]),
    )
}

fn installed(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib")
        .join(OTHER_TARGET)
        .join("lib")
        .is_dir()
}
