//! Where the crates come from and under which terms, by `deny.toml`.
//!
//! `cargo deny` itself is used where it is installed. Building it takes longer than all other tools
//! together, so elsewhere the same rules are read from the same file and held against
//! `cargo metadata`: licences, sources, wildcards, and versions beside each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use spdx::{Expression, ParseMode};
use support::place;

use crate::{cargo, tool};

/// The registry that `deny.toml` knows without naming it.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What was found.
#[derive(Debug, Default, PartialEq)]
pub struct Findings {
    /// What the rules refuse.
    pub refused: Vec<String>,
    /// What they warn of.
    pub warned: Vec<String>,
}

/// Whether `cargo deny` is installed.
pub fn has_cargo_deny() -> bool {
    tool::output(cargo::in_workspace().args(["deny", "--version"])).is_some()
}

/// The rules of `deny.toml`.
///
/// # Errors
/// It cannot be read.
pub fn rules() -> Result<toml::Table> {
    let rules = fs::read_to_string(place::root().join("deny.toml")).context("deny.toml")?;
    rules.parse().context("deny.toml")
}

/// All crates that any part of the repository needs on one of the rules' machines.
///
/// # Errors
/// cargo does not tell them.
pub fn metadata(rules: &toml::Table) -> Result<Value> {
    let mut metadata = cargo::in_workspace();
    metadata.args([
        "metadata",
        "--format-version=1",
        "--locked",
        "--all-features",
    ]);
    let targets = rules.get("graph").and_then(|it| it.get("targets"));
    for target in targets.and_then(|it| it.as_array()).into_iter().flatten() {
        metadata
            .arg("--filter-platform")
            .arg(target.as_str().unwrap_or_default());
    }
    let metadata = tool::output(&mut metadata).context("cargo metadata failed")?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata")?;
    let crates = metadata["resolve"]["nodes"].as_array();
    ensure!(
        crates.is_some_and(|it| it.len() > 1),
        "cargo metadata names no crates"
    );
    Ok(metadata)
}

/// Holds the rules against the crates.
pub fn findings(rules: &toml::Table, metadata: &Value) -> Findings {
    let rule = |section: &str, key: &str| rules.get(section).and_then(|it| it.get(key));
    let allowed: BTreeSet<&str> = rule("licenses", "allow")
        .and_then(|it| it.as_array())
        .into_iter()
        .flatten()
        .filter_map(|it| it.as_str())
        .collect();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let needed = list(&metadata["resolve"]["nodes"]);
    let needed: BTreeSet<&str> = needed.iter().filter_map(|it| it["id"].as_str()).collect();
    let mut found = Findings::default();
    let mut versions = BTreeMap::<String, BTreeSet<String>>::new();
    for package in list(&metadata["packages"]) {
        let of = |key: &str| package[key].as_str().unwrap_or_default();
        if !needed.contains(of("id")) {
            continue;
        }
        let named = format!("{} {}", of("name"), of("version"));
        versions
            .entry(of("name").into())
            .or_default()
            .insert(of("version").into());
        match Expression::parse_mode(of("license"), ParseMode::LAX) {
            Ok(terms) if terms.evaluate(|it| allowed.contains(it.to_string().as_str())) => {}
            _ => found
                .refused
                .push(format!("{named}: licence \"{}\"", of("license"))),
        }
        match package["source"].as_str() {
            Some(CRATES_IO) => {}
            Some(other) => found.refused.push(format!("{named}: comes from {other}")),
            // Of the repository itself.
            None => {
                let wild = |it: &&Value| it["req"] == "*" && it["path"].is_null();
                let dependencies = list(&package["dependencies"]);
                for dependency in dependencies.iter().filter(wild) {
                    let name = dependency["name"].as_str().unwrap_or_default();
                    found
                        .refused
                        .push(format!("{named}: any version of {name}"));
                }
            }
        }
    }
    for (name, versions) in versions.iter().filter(|it| it.1.len() > 1) {
        let versions: Vec<_> = versions.iter().map(String::as_str).collect();
        let told = format!("{name}: {}", versions.join(" and "));
        match rule("bans", "multiple-versions").and_then(|it| it.as_str()) {
            Some("deny") => found.refused.push(told),
            Some("allow") => {}
            _ => found.warned.push(told),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{CRATES_IO, Findings, findings, metadata, rules};

    fn found(package: Value) -> Findings {
        let rules = "[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]\n";
        let id = package["id"].clone();
        let metadata = json!({
            "packages": [package, {"id": "elsewhere", "license": "GPL-3.0"}],
            "resolve": {"nodes": [{"id": id}]},
        });
        findings(&rules.parse().expect("TOML"), &metadata)
    }

    fn package(license: &str, source: Option<&str>) -> Value {
        json!({
            "id": "a", "name": "a", "version": "1.0.0", "license": license, "source": source,
            "dependencies": [{"name": "b", "req": "*", "path": null}],
        })
    }

    #[test]
    fn the_crates_of_this_repository_keep_to_the_rules() {
        let rules = rules().expect("readable");
        let found = findings(&rules, &metadata(&rules).expect("cargo tells"));
        assert_eq!(found.refused, Vec::<String>::new(), "{:?}", found.warned);
    }

    #[test]
    fn terms_are_those_that_the_file_allows() {
        for right in [
            "MIT",
            "MIT OR GPL-3.0-only",
            "MIT/Apache-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(
                found(package(right, Some(CRATES_IO))),
                Findings::default(),
                "{right}"
            );
        }
        for wrong in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "Apache-2.0",
            "",
            "no licence",
        ] {
            assert_eq!(
                found(package(wrong, Some(CRATES_IO))).refused.len(),
                1,
                "{wrong}"
            );
        }
    }

    #[test]
    fn other_sources_and_any_version_are_refused() {
        let refused = |source| found(package("MIT", source)).refused;
        assert_eq!(refused(Some("git+https://example.org/a")).len(), 1);
        assert_eq!(refused(None), ["a 1.0.0: any version of b"]);
    }
}
