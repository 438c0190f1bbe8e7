//! The test programs, built by cargo as the user.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::environment::Environment;
use crate::cargo;

/// A program made by libtest.
pub struct Binary {
    /// The package and the target in it.
    pub name: String,
    /// Where it is.
    pub program: PathBuf,
    /// The folder of its package, where cargo would start it.
    pub folder: PathBuf,
}

/// The packages whose tests run, as a user builds them.
///
/// The monitor and the trainer apart: built in one go they would share the features of their
/// dependencies, and the tests would run on a monitor that nobody uses. (The probe has no tests of
/// its own: the monitor's live ones are its.)
pub const BUILDS: [&[&str]; 2] = [&["--package=monitor", "--package=monitor-common"], &TOOLS];

/// The repository's commands.
pub const TOOLS: [&str; 5] = [
    "--package=xtask",
    "--package=xtask-support",
    "--package=xtask-trainer",
    "--package=xtask-evaluation",
    "--package=xtask-field",
];

/// Builds all test programs.
pub fn build() -> Result<Vec<Binary>> {
    let mut binaries = Vec::new();
    for packages in BUILDS {
        let output = cargo::in_workspace()
            .args([
                "test",
                "--quiet",
                "--no-run",
                "--message-format=json-render-diagnostics",
            ])
            .args(packages)
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start cargo")?;
        if !output.status.success() {
            bail!("the tests do not build");
        }
        binaries.extend(
            String::from_utf8_lossy(&output.stdout)
                .lines()
                .filter_map(binary),
        );
    }
    binaries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(binaries)
}

/// Reads one of cargo's messages, when it is about a test program.
fn binary(message: &str) -> Option<Binary> {
    let message: Value = serde_json::from_str(message).ok()?;
    if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
        return None;
    }
    let program = PathBuf::from(message["executable"].as_str()?);
    let folder = Path::new(message["manifest_path"].as_str()?)
        .parent()?
        .to_path_buf();
    let package = folder.file_name()?.to_string_lossy().into_owned();
    let name = format!(
        "{package} {} {}",
        message["target"]["kind"][0].as_str()?,
        message["target"]["name"].as_str()?
    );
    Some(Binary {
        name,
        program,
        folder,
    })
}

/// The names of a program's ignored tests.
pub fn ignored(binary: &Binary, environment: &Environment) -> Result<Vec<String>> {
    let output = Command::new(&binary.program)
        .args(["--list", "--ignored", "--format", "terse"])
        .current_dir(&binary.folder)
        .envs(environment.pairs())
        .output()
        .context("cannot be started")?;
    if !output.status.success() {
        bail!("cannot list its tests");
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.strip_suffix(": test"))
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::binary;

    #[test]
    fn takes_test_programs_out_of_cargos_messages() {
        // Shortened from what cargo 1.95 says.
        let test = r#"{"reason":"compiler-artifact","manifest_path":"/w/monitor/Cargo.toml","target":{"kind":["lib"],"name":"monitor"},"profile":{"test":true},"executable":"/w/target/debug/deps/monitor-1"}"#;
        let found = binary(test).expect("a test program");
        assert_eq!(found.name, "monitor lib monitor");
        assert_eq!(found.folder.to_str(), Some("/w/monitor"));

        let plain_binary = test.replace(r#""test":true"#, r#""test":false"#);
        let library = test.replace(r#""/w/target/debug/deps/monitor-1""#, "null");
        for other in [
            &plain_binary,
            &library,
            "{}",
            "not JSON",
            r#"{"reason":"build-finished"}"#,
        ] {
            assert!(binary(other).is_none(), "{other}");
        }
    }
}
