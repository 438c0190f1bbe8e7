//! `cargo xtask dist`: the packages of a release, and nothing in them that depends on the day or
//! the machine.
//!
//! What goes into them is staged first, as it will lie on a host, under `target/dist/root`; the
//! tables in `monitor/Cargo.toml` say which of it goes where. Two builds of one commit give equal
//! bytes.

mod notices;

mod stage;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::architecture::Architecture;
use crate::setup::Packagers;
use crate::step::Step;
use crate::{build, setup, tool};
use support::place;

/// Arguments of `cargo xtask dist`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder that gets the packages and their checksums [default: target/dist; below it, for
    /// another machine]
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// The machine that they are for [default: this one]
    #[arg(long, value_enum)]
    arch: Option<Architecture>,
}

/// Builds, stages and packs.
pub fn dist(arguments: &Arguments) -> Result<ExitCode> {
    let other = arguments.arch.filter(|it| !it.is_host());
    let output = place::root().join(arguments.output.clone().unwrap_or_else(|| {
        let shared = PathBuf::from("target/dist");
        other.map_or_else(|| shared.clone(), |it| shared.join(it.name()))
    }));
    fs::create_dir_all(&output).with_context(|| format!("cannot make {}", output.display()))?;
    let tools = setup::setup()?;
    let packagers = setup::packagers()?;
    let epoch = epoch()?;
    let mut git = Command::new("git");
    git.current_dir(place::root());
    let revision = tool::output(git.args(["rev-parse", "HEAD"]));
    let wanted = build::Wanted {
        revision: revision.as_deref(),
        is_reproducible: true,
        ..build::Wanted::default()
    };
    let here = build::binary(wanted)?;
    let (binary, onnxruntime, objcopy) = match other {
        None => (here.clone(), tools.onnxruntime, "objcopy".to_owned()),
        Some(other) => {
            let binary = build::binary(build::Wanted {
                architecture: Some(other),
                ..wanted
            })?;
            (
                binary,
                setup::onnxruntime_for(other)?,
                other.tool("objcopy"),
            )
        }
    };
    let staged = stage::all(&stage::Parts {
        binary: &binary,
        runs_here: &here,
        onnxruntime: &onnxruntime,
        objcopy,
        epoch: &epoch,
    })?;
    let mut sums = String::new();
    for package in [
        deb(&packagers, &output, &epoch, other)?,
        rpm(&packagers, &output, &epoch, other)?,
        symbols(&staged.symbols, &output)?,
    ] {
        let bytes = fs::read(&package);
        let bytes = bytes.with_context(|| format!("cannot read {}", package.display()))?;
        let name = package.file_name().unwrap_or_default().to_string_lossy();
        sums.push_str(&format!("{:x}  {name}\n", Sha256::digest(&bytes)));
        println!("{}", package.display());
    }
    let place = output.join("SHA256SUMS");
    fs::write(&place, sums).with_context(|| format!("cannot write {}", place.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// When the commit was made, seconds since 1970: the time of every file in a package
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
fn epoch() -> Result<String> {
    if let Ok(given) = std::env::var("SOURCE_DATE_EPOCH") {
        return Ok(given);
    }
    let mut git = Command::new("git");
    git.current_dir(place::root());
    tool::output(git.args(["log", "-1", "--format=%ct"]))
        .context("git does not tell when the commit was made: set SOURCE_DATE_EPOCH")
}

fn deb(
    packagers: &Packagers,
    output: &Path,
    epoch: &str,
    other: Option<Architecture>,
) -> Result<PathBuf> {
    let mut command = Command::new(&packagers.deb);
    command
        .args([
            "--package",
            "monitor",
            "--no-build",
            "--no-strip",
            "--output",
        ])
        .arg(output);
    if let Some(other) = other {
        command.args(["--target", other.target()]);
    }
    pack("deb", &mut command, output, epoch)
}

fn rpm(
    packagers: &Packagers,
    output: &Path,
    epoch: &str,
    other: Option<Architecture>,
) -> Result<PathBuf> {
    let mut command = Command::new(&packagers.rpm);
    command
        .args(["--package", "monitor", "--source-date", epoch, "--output"])
        .arg(output);
    if let Some(other) = other {
        command.args(["--arch", other.name()]);
    }
    pack("rpm", &mut command, output, epoch)
}

/// Makes the one package of that kind in `output`, and says where it is.
fn pack(kind: &'static str, command: &mut Command, output: &Path, epoch: &str) -> Result<PathBuf> {
    for old in packages(kind, output)? {
        fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
    }
    let step = Step::begin(kind, "packing", "it is what a host installs");
    command
        .current_dir(place::root())
        .env("SOURCE_DATE_EPOCH", epoch);
    tool::run(&step, command)?;
    match packages(kind, output)?.as_slice() {
        [package] => {
            step.done("packed");
            Ok(package.clone())
        }
        found => bail!("{} packages of kind {kind} were made", found.len()),
    }
}

fn packages(kind: &str, folder: &Path) -> Result<Vec<PathBuf>> {
    let listed = || -> std::io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?
            .map(|it| it.map(|it| it.path()))
            .collect()
    };
    let paths = listed().with_context(|| format!("cannot list {}", folder.display()))?;
    let is_one = |path: &PathBuf| path.extension().is_some_and(|it| it == kind);
    Ok(paths.into_iter().filter(is_one).collect())
}

/// The debug symbols apart, for whoever debugs a core of the program in the packages.
fn symbols(from: &Path, output: &Path) -> Result<PathBuf> {
    let place = output.join("monitor.debug");
    fs::copy(from, &place).with_context(|| format!("cannot write {}", place.display()))?;
    Ok(place)
}
