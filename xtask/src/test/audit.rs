//! What runs while the monitor is built was read by somebody: `audit.toml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use support::place;

/// The tables of the file, and the kinds of targets that they list
/// (<https://doc.rust-lang.org/cargo/commands/cargo-metadata.html>).
const TABLES: [(&str, &str); 2] = [
    ("build-scripts", "custom-build"),
    ("procedural-macros", "proc-macro"),
];

/// The package whose program is installed.
const PROGRAM: &str = "monitor";

/// Holds the file against the crates of the program; says what is amiss, a sentence each.
///
/// # Errors
/// The file or the metadata cannot be read.
pub fn check(metadata: &Value) -> Result<Vec<String>> {
    let listed = fs::read_to_string(place::root().join("audit.toml")).context("audit.toml")?;
    let listed: toml::Table = listed.parse().context("audit.toml")?;
    let inside = inside(metadata);
    ensure!(!inside.is_empty(), "cargo metadata names no {PROGRAM}");
    Ok(amiss(&listed, metadata, &inside))
}

/// The ids of the program's packages: what is built for it, without what its tests need.
fn inside(metadata: &Value) -> BTreeSet<&str> {
    let nodes = metadata["resolve"]["nodes"]
        .as_array()
        .into_iter()
        .flatten();
    let needs: BTreeMap<&str, &Value> = nodes
        .filter_map(|node| Some((node["id"].as_str()?, &node["deps"])))
        .collect();
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let mut open: Vec<&str> = packages
        .filter(|it| it["name"] == PROGRAM && it["source"].is_null())
        .filter_map(|it| it["id"].as_str())
        .collect();
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !found.insert(id) {
            continue;
        }
        let all = needs.get(id).and_then(|it| it.as_array());
        let is_built = |it: &&Value| {
            let kinds = it["dep_kinds"].as_array().into_iter().flatten();
            kinds.into_iter().any(|kind| kind["kind"] != "dev")
        };
        let built = all.into_iter().flatten().filter(is_built);
        open.extend(built.filter_map(|it| it["pkg"].as_str()));
    }
    found
}

fn amiss(listed: &toml::Table, metadata: &Value, inside: &BTreeSet<&str>) -> Vec<String> {
    let mut said = Vec::new();
    for (table, kind) in TABLES {
        let listed = listed.get(table).and_then(|it| it.as_table());
        let mut stale: BTreeSet<&str> = listed
            .into_iter()
            .flat_map(|it| it.keys().map(String::as_str))
            .collect();
        for package in metadata["packages"].as_array().into_iter().flatten() {
            let of = |key: &str| package[key].as_str().unwrap_or_default();
            let targets = package["targets"].as_array().into_iter().flatten();
            let mut kinds = targets.flat_map(|it| it["kind"].as_array().into_iter().flatten());
            // What is the repository's own is read as it is changed.
            let is_own = package["source"].is_null();
            if is_own || !inside.contains(of("id")) || !kinds.any(|it| it == kind) {
                continue;
            }
            stale.remove(of("name"));
            let entry = listed.and_then(|it| it.get(of("name")));
            let version = entry
                .and_then(|it| it.get("version"))
                .and_then(|it| it.as_str());
            match version {
                Some(version) if version == of("version") => {}
                Some(version) => said.push(format!(
                    "{} {}: its {kind} was read in version {version}",
                    of("name"),
                    of("version")
                )),
                None => said.push(format!(
                    "{} {}: its {kind} was read by nobody",
                    of("name"),
                    of("version")
                )),
            }
        }
        let stale = stale.into_iter();
        said.extend(
            stale.map(|name| format!("{name}: listed under {table} and not in the program")),
        );
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_runs_at_this_build_was_read() {
        let rules = super::super::supply::rules().expect("readable");
        let metadata = super::super::supply::metadata(&rules).expect("cargo tells");
        assert_eq!(check(&metadata).expect("readable"), Vec::<String>::new());
    }

    fn metadata() -> Value {
        let package = |name: &str, version: &str, source: Value, kind: &str| {
            json!({"id": name, "name": name, "version": version, "source": source,
                   "targets": [{"kind": ["lib"]}, {"kind": [kind]}]})
        };
        json!({
            "packages": [
                package("monitor", "0.1.0", Value::Null, "custom-build"),
                package("macros", "1.0.0", json!("registry"), "proc-macro"),
                package("built", "2.0.0", json!("registry"), "custom-build"),
                package("tested", "3.0.0", json!("registry"), "custom-build"),
            ],
            "resolve": {"nodes": [
                {"id": "monitor", "deps": [
                    {"pkg": "macros", "dep_kinds": [{"kind": null}]},
                    {"pkg": "tested", "dep_kinds": [{"kind": "dev"}]},
                ]},
                {"id": "macros", "deps": [{"pkg": "built", "dep_kinds": [{"kind": "build"}]}]},
                {"id": "built", "deps": []},
                {"id": "tested", "deps": []},
            ]},
        })
    }

    fn said(listed: &str) -> Vec<String> {
        let metadata = metadata();
        amiss(
            &listed.parse().expect("TOML"),
            &metadata,
            &inside(&metadata),
        )
    }

    #[test]
    fn what_runs_at_the_build_and_was_not_read_is_named() {
        assert_eq!(
            said("[build-scripts]\nbuilt = { version = \"1.0.0\" }\nold = { version = \"1.0.0\" }"),
            [
                "built 2.0.0: its custom-build was read in version 1.0.0",
                "old: listed under build-scripts and not in the program",
                "macros 1.0.0: its proc-macro was read by nobody",
            ]
        );
    }

    #[test]
    fn nothing_is_amiss_where_all_of_it_was_read() {
        let all = "[build-scripts]\nbuilt = { version = \"2.0.0\" }\n\
                   [procedural-macros]\nmacros = { version = \"1.0.0\" }";
        assert_eq!(said(all), Vec::<String>::new());
    }
}
