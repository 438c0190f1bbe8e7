//! The test programs: built by cargo as the user, started here, so that one of them can run as root.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::class::Class;
use super::environment::Environment;
use super::tally::{self, Counts, Tally};
use support::place;

use crate::{cargo, privilege};

/// A program made by libtest.
pub struct Binary {
    /// The package and the target in it.
    name: String,
    program: PathBuf,
    /// The folder of its package, where cargo would start it.
    folder: PathBuf,
}

/// The packages whose tests run, as a user builds them.
///
/// The monitor and the trainer apart: built in one go they would share the features of their dependencies, and the tests would
/// run on a monitor that nobody uses. (The probe has no tests of its own: the monitor's live ones are its.)
const BUILDS: [&[&str]; 2] = [&["--package=monitor", "--package=monitor-common"], &TOOLS];

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

/// Runs the tests of a program that need nothing.
pub fn plain(binary: &Binary, environment: &Environment, tally: &mut Tally) {
    let mut command = Command::new(&binary.program);
    command.envs(environment.pairs());
    start(&binary.name, binary, &mut command, tally);
}

/// Runs the examples in the documentation.
pub fn documentation(environment: &Environment, tally: &mut Tally) {
    let name = "examples in the documentation";
    let mut command = cargo::in_workspace();
    command
        .args(["test", "--quiet", "--doc"])
        .args(BUILDS[0])
        .envs(environment.pairs());
    let (status, output) = match captured(name, &mut command) {
        Ok(ended) => ended,
        Err(why) => return tally.fail(&format!("{name}: {why:#}")),
    };
    judge(
        name,
        status,
        tally::sum(&output).or(Some(Counts::default())),
        &output,
        tally,
    );
}

/// Runs the ignored tests, class by class, where the need of the class is met.
pub fn classes(binaries: &[Binary], environment: &Environment, tally: &mut Tally) {
    let ignored: Vec<(&Binary, Vec<String>)> = binaries
        .iter()
        .filter_map(|binary| match ignored(binary, environment) {
            Ok(tests) => Some((binary, tests)),
            Err(why) => {
                tally.fail(&format!("{}: {why:#}", binary.name));
                None
            }
        })
        .collect();
    let classes: BTreeSet<Class> = ignored
        .iter()
        .flat_map(|(_, tests)| tests)
        .filter_map(|test| Class::of(test))
        .collect();
    for class in &classes {
        let of_class = |tests: &[String]| -> Vec<String> {
            let tests = tests.iter();
            let tests = tests.filter(|test| Class::of(test).as_ref() == Some(class));
            tests.cloned().collect()
        };
        let total: usize = ignored.iter().map(|(_, tests)| of_class(tests).len()).sum();
        if let Some(obstacle) = class.obstacle() {
            eprintln!("  {}: skipped, {obstacle}", class.need());
            tally.skip(total, &format!("{} ({obstacle})", class.need()));
            continue;
        }
        let loan = match class
            .is_of_root()
            .then(|| environment.for_root())
            .transpose()
        {
            Ok(loan) => loan,
            Err(why) => {
                tally.fail(&format!("{}: {why:#}", class.need()));
                continue;
            }
        };
        let environment = loan.as_ref().map_or(environment, |loan| &loan.environment);
        for (binary, tests) in &ignored {
            let tests = of_class(tests);
            if !tests.is_empty() {
                one_class(class, binary, &tests, environment, tally);
            }
        }
    }
    for (_, tests) in &ignored {
        let others = tests
            .iter()
            .filter(|test| Class::of(test).is_none())
            .count();
        tally.skip(
            others,
            "ignored in their source, without a need that this program knows",
        );
    }
}

fn one_class(
    class: &Class,
    binary: &Binary,
    tests: &[String],
    environment: &Environment,
    tally: &mut Tally,
) {
    let name = format!("{}, {}", binary.name, class.need());
    let mut command = if class.is_of_root() {
        match privilege::as_root(binary.program.as_os_str(), &environment.pairs()) {
            Ok(command) => command,
            Err(why) => return tally.fail(&format!("{name}: {why:#}")),
        }
    } else {
        let mut command = Command::new(&binary.program);
        command.envs(environment.pairs());
        command
    };
    command.args(["--ignored", "--exact"]).args(tests);
    if class.is_of_root() {
        // Live tests watch the whole machine, each other included.
        command.arg("--test-threads=1");
    }
    start(&name, binary, &mut command, tally);
}

/// The names of a program's ignored tests.
fn ignored(binary: &Binary, environment: &Environment) -> Result<Vec<String>> {
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

fn start(name: &str, binary: &Binary, command: &mut Command, tally: &mut Tally) {
    command
        .current_dir(&binary.folder)
        .env("CARGO_MANIFEST_DIR", &binary.folder);
    match captured(name, command) {
        Ok((status, output)) => judge(name, status, tally::counts(&output), &output, tally),
        Err(why) => tally.fail(&format!("{name}: {why:#}")),
    }
}

fn judge(name: &str, status: ExitStatus, counts: Option<Counts>, output: &str, tally: &mut Tally) {
    match counts {
        Some(counts) if status.success() && counts.failed == 0 => {
            eprintln!("  {name}: {} passed", counts.passed);
            tally.add(name, counts);
        }
        Some(counts) if !status.success() && counts.failed > 0 => {
            eprintln!(
                "{output}\n  {name}: {} passed, {} failed",
                counts.passed, counts.failed
            );
            tally.add(name, counts);
        }
        _ => {
            eprintln!("{output}\n  {name}: ended with {status}");
            tally.fail(&format!(
                "{name}: ended with {status} before it counted its tests"
            ));
        }
    }
}

/// Runs a program to its end with all its output in a file.
///
/// A file and not a pipe: a process left behind by a test would hold a pipe open, and the reader with it.
fn captured(name: &str, command: &mut Command) -> Result<(ExitStatus, String)> {
    let folder = place::target().join("xtask-test");
    fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{}.log", name.replace([' ', ',', '/'], "-")));
    let log = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .status()
        .context("cannot be started")?;
    Ok((
        status,
        String::from_utf8_lossy(&fs::read(&path)?).into_owned(),
    ))
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
