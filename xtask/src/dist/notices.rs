//! The licences of the crates that are inside the program.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::{cargo, tool};

/// How the names of files with terms begin.
const TERMS: [&str; 4] = ["license", "licence", "copying", "notice"];

/// Names, licences and terms of all crates in the program and its probe, ordered by name.
pub fn collect() -> Result<String> {
    let metadata =
        tool::output(cargo::in_workspace().args(["metadata", "--format-version=1", "--locked"]));
    let metadata: Value = serde_json::from_str(&metadata.context("cargo metadata failed")?)?;
    let inside = crates()?;
    let mut text = String::from("The monitor is made of these crates, each under its own terms.\n");
    let packages = metadata["packages"].as_array().context("no packages")?;
    let mut told = BTreeSet::new();
    for package in packages {
        let of = |key: &str| package[key].as_str().unwrap_or_default();
        let name = format!("{} v{}", of("name"), of("version"));
        if !inside.contains(&name) || !told.insert(name.clone()) {
            continue;
        }
        text.push_str(&format!(
            "\n{}\n{name}: {}\n",
            "=".repeat(80),
            of("license")
        ));
        let folder = Path::new(of("manifest_path")).parent();
        for terms in folder.map(terms).transpose()?.unwrap_or_default() {
            text.push_str(&format!("\n{terms}"));
        }
    }
    Ok(text)
}

/// `name vVERSION` of every crate that is linked into the program or the probe.
fn crates() -> Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for package in ["monitor", "monitor-ebpf"] {
        let mut cargo = cargo::in_workspace();
        cargo.args(["tree", "--locked", "--package", package]);
        cargo.args(["--edges", "normal", "--prefix", "none", "--format", "{p}"]);
        let tree = tool::output(&mut cargo).context("cargo tree failed")?;
        let name = |line: &str| line.splitn(3, ' ').take(2).collect::<Vec<_>>().join(" ");
        all.extend(tree.lines().map(name));
    }
    Ok(all)
}

/// The texts of the files with terms in a crate's folder, ordered by name.
fn terms(folder: &Path) -> Result<Vec<String>> {
    let listed =
        fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in listed {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_lowercase();
        if path.is_file() && TERMS.iter().any(|it| name.starts_with(it)) {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: &std::path::PathBuf| -> Result<String> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    paths.iter().map(read).collect()
}
