//! The checks beside the tests: format, lint, documentation, licences and sources.

use std::process::Command;

use super::tally::Tally;
use super::{audit, supply};
use crate::cargo;

/// Runs all checks. Their output goes straight to the user.
pub fn all(tally: &mut Tally) {
    one(
        "format (cargo fmt)",
        cargo::in_workspace().args(["fmt", "--all", "--check"]),
        tally,
    );
    one(
        "lint (cargo clippy)",
        cargo::in_workspace()
            .args(["clippy", "--quiet", "--workspace", "--all-targets"])
            .args(["--", "-D", "warnings"]),
        tally,
    );
    one(
        "documentation (cargo doc)",
        cargo::in_workspace()
            .args(["doc", "--quiet", "--workspace", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings"),
        tally,
    );
    supplied(tally);
    audited(tally);
}

/// Licences and sources of all crates, by `deny.toml`.
fn supplied(tally: &mut Tally) {
    const NAME: &str = "licences and sources (deny.toml)";
    if supply::has_cargo_deny() {
        let mut deny = cargo::in_workspace();
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
    let found = supply::rules().and_then(|rules| {
        let metadata = supply::metadata(&rules)?;
        Ok(supply::findings(&rules, &metadata))
    });
    match found {
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

/// What runs while the monitor is built, by `audit.toml`.
fn audited(tally: &mut Tally) {
    const NAME: &str = "build scripts and procedural macros (audit.toml)";
    eprintln!("  {NAME}");
    let amiss = supply::rules()
        .and_then(|rules| supply::metadata(&rules))
        .and_then(|metadata| audit::check(&metadata));
    match amiss {
        Ok(amiss) if amiss.is_empty() => tally.pass(),
        Ok(amiss) => {
            for told in &amiss {
                eprintln!("    {told}");
            }
            tally.fail(NAME);
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
