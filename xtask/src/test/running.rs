//! Running the test programs. They are started here and not by cargo, so that one of them can run
//! as root.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context as _, Result};

use super::binary::{BUILDS, Binary, ignored};
use super::class::Class;
use super::environment::Environment;
use super::tally::{self, Counts, Tally};
use support::place;

use crate::{cargo, privilege};

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
/// A file and not a pipe: a process left behind by a test would hold a pipe open, and the reader
/// with it.
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
