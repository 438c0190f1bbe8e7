//! The command: which kernels, and where the table goes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::architecture::Architecture;
use super::archive::{Archive, FEW_SUITES, SUITES};
use super::check::{CHECKS, Subject};
use super::count::{self, Counts};
use super::guest::Guest;
use super::image::Parts;
use super::machine::Machine;
use super::release::{NEWEST, Release, choose, newest_of_each};
use super::table::{Row, markdown};
use support::page::replace;
use support::{place, revision, stop};
use xtask::build;

/// Options of `cargo xtask kernels`.
#[derive(Args, Debug)]
pub struct Options {
    /// Kernels, as in 5.10, 7.2.13 or newest [default: the newest of each series on offer].
    #[arg(value_name = "VERSION")]
    versions: Vec<String>,
    /// The emulated machine.
    #[arg(long, value_enum, default_value = "x86_64")]
    arch: Architecture,
    /// Another build of the monitor than the release build, which is made first.
    #[arg(long, value_name = "FILE")]
    monitor: Option<PathBuf>,
    /// libonnxruntime for the machine [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// The quick checks alone, on the oldest kernel that is promised, one in the middle and the newest
    /// where none is named.
    #[arg(long, conflicts_with_all = ["count", "publish"])]
    short: bool,
    /// Count guest instructions of a call in every mode, in the place of the checks.
    #[arg(long)]
    count: bool,
    /// Write the table into docs/kernels.md, that of instructions into docs/performance.md.
    #[arg(long)]
    publish: bool,
    /// Take what a kernel's guest handed out when it was booted last, and boot only the others.
    #[arg(long)]
    kept: bool,
    /// Seconds that a boot may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 400)]
    patience: u64,
}

/// The kernels of the short form.
const SHORT: [&str; 3] = ["5.10", "6.12", NEWEST];

/// What all boots of a run share.
struct Bench<'a> {
    options: &'a Options,
    archive: Archive,
    image: PathBuf,
    work: PathBuf,
}

/// Boots the kernels, one after another, and judges what was seen there.
///
/// The last line on stdout is the count of kernels: `N passed, N failed, N skipped`. One that cannot be
/// fetched is skipped; the status is a success when none failed and at least one passed.
///
/// # Errors
/// The emulator or a part of the image is missing, the monitor does not build, or the user asks to stop.
pub fn command(options: &Options) -> Result<ExitCode> {
    Machine::check(options.arch)?;
    stop::listen()?;
    let folder = place::tools().join("kernels").join(options.arch.name());
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let wanted = options.wanted();
    let suites: &[&str] = if options.short { &FEW_SUITES } else { &SUITES };
    let archive = match Archive::open(folder.canonicalize()?, options.arch, suites) {
        Ok(archive) => archive,
        Err(why) => {
            eprintln!("  skipped: {why:#}");
            return Ok(tally(0, 0, wanted.len().max(1)));
        }
    };
    let work = place::target().join("kernels").join(options.arch.name());
    fs::create_dir_all(&work).with_context(|| work.display().to_string())?;
    let image = work.join("image.cpio");
    let monitor = options
        .monitor
        .clone()
        .map_or_else(|| monitor(options.arch), Ok)?;
    let onnxruntime = options
        .onnxruntime
        .clone()
        .or_else(|| onnxruntime(options.arch));
    let parts = Parts {
        architecture: options.arch,
        monitor: &monitor,
        onnxruntime: onnxruntime.as_deref(),
        instead: options.count.then_some(count::SCRIPT),
        is_short: options.short,
        programs: if options.count {
            &[("bin/count", count::PROGRAM)]
        } else {
            &[]
        },
    };
    parts.write(&archive, &work, &image)?;
    let bench = Bench {
        options,
        archive,
        image,
        work,
    };
    let (found, skipped) = bench.fetch()?;
    if options.count {
        bench.count(&found, skipped)
    } else {
        bench.check(&found, skipped)
    }
}

impl Options {
    /// The kernels that are asked for; all where none is.
    fn wanted(&self) -> Vec<String> {
        if self.short && self.versions.is_empty() {
            return SHORT.map(str::to_owned).to_vec();
        }
        self.versions.clone()
    }
}

fn tally(passed: usize, failed: usize, skipped: usize) -> ExitCode {
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Bench<'_> {
    /// The kernels with their images, and how many could not be had.
    fn fetch(&self) -> Result<(Vec<(Release, PathBuf)>, usize)> {
        let offered = self.archive.releases()?;
        let mut skipped = 0;
        let mut releases = Vec::new();
        let wanted = self.options.wanted();
        for wanted in &wanted {
            match choose(&offered, wanted) {
                Some(release) => releases.push(release.clone()),
                None => {
                    eprintln!("  skipped: the archive has no kernel {wanted}");
                    skipped += 1;
                }
            }
        }
        if wanted.is_empty() {
            releases = newest_of_each(&offered);
        }
        let mut found = Vec::new();
        for release in releases {
            match self.archive.kernel(&release) {
                Ok(image) => found.push((release, image)),
                Err(why) => {
                    eprintln!("  skipped: Linux {}: {why:#}", release.0);
                    skipped += 1;
                }
            }
        }
        Ok((found, skipped))
    }

    /// Boots a kernel; a failure of it is not one of this command.
    fn boot(&self, release: &Release, kernel: &Path) -> Result<Result<(Guest, f64)>> {
        let machine = Machine {
            architecture: self.options.arch,
            kernel,
            image: &self.image,
            log: self.work.join(format!(
                "{}.{}.log",
                release.0,
                if self.options.count {
                    "count"
                } else {
                    "checks"
                }
            )),
            single: self.options.count,
            patience: Duration::from_secs(self.options.patience),
        };
        if let Some(guest) = self.options.kept.then(|| machine.kept()).flatten() {
            return Ok(Ok((guest, 0.0)));
        }
        let booted = machine.boot();
        stop::check()?;
        Ok(booted.and_then(|(guest, time)| {
            let name = guest.text("release");
            ensure!(
                name == release.0,
                "{name} was booted in the place of {}",
                release.0
            );
            Ok((guest, time.as_secs_f64()))
        }))
    }

    fn check(&self, kernels: &[(Release, PathBuf)], skipped: usize) -> Result<ExitCode> {
        let mut rows = Vec::new();
        for (release, kernel) in kernels {
            let row = match self.boot(release, kernel)? {
                Ok((guest, seconds)) => {
                    let subject = Subject {
                        guest: &guest,
                        release,
                        architecture: self.options.arch,
                    };
                    Row {
                        release: release.0.clone(),
                        attachment: subject.attachment(),
                        seconds,
                        verdicts: CHECKS.iter().map(|check| check.judge(&subject)).collect(),
                    }
                }
                Err(why) => Row::unfinished(release, &format!("{why:#}")),
            };
            let outcome = if row.is_good() { "good" } else { "FAILED" };
            eprintln!("  Linux {}: {outcome}, {:.0} s", release.0, row.seconds);
            for failure in row.failures() {
                eprintln!("    {failure}");
            }
            rows.push(row);
        }
        self.publish("docs/kernels.md", "kernels", &markdown(&rows))?;
        let passed = rows.iter().filter(|row| row.is_good()).count();
        Ok(tally(passed, rows.len() - passed, skipped))
    }

    fn count(&self, kernels: &[(Release, PathBuf)], skipped: usize) -> Result<ExitCode> {
        let mut counted = Vec::new();
        let mut failed = 0;
        for (release, kernel) in kernels {
            match self.boot(release, kernel)? {
                Ok((guest, seconds)) => {
                    let counts = Counts::read(&release.0, &guest.text("count.txt"));
                    eprintln!("  Linux {}: counted, {seconds:.0} s", release.0);
                    let missing = counts.missing();
                    if !missing.is_empty() {
                        eprintln!("    not counted: {}", missing.join(", "));
                        failed += 1;
                    }
                    counted.push(counts);
                }
                Err(why) => {
                    eprintln!("  Linux {}: FAILED: {why:#}", release.0);
                    failed += 1;
                }
            }
        }
        self.publish(
            "docs/performance.md",
            "kernels-count",
            &count::markdown(&counted),
        )?;
        Ok(tally(kernels.len() - failed, failed, skipped))
    }

    /// What was booted with what.
    fn sentence(&self) -> String {
        let build = match &self.options.monitor {
            None => "the release build".to_owned(),
            Some(path) => format!("the build `{}`", last_two(path)),
        };
        format!("At revision {}, with {build}.\n\n", revision::short())
    }

    fn publish(&self, page: &str, name: &str, table: &str) -> Result<()> {
        let text = self.sentence() + table;
        println!("{text}");
        if self.options.publish {
            let marker = format!("{name}-{}", self.options.arch.name());
            replace(&place::root().join(page), &marker, &text)?;
        }
        Ok(())
    }
}

/// The library for the machine; without it the model is not tried.
fn onnxruntime(architecture: Architecture) -> Option<PathBuf> {
    if architecture.is_host() {
        return place::onnxruntime();
    }
    xtask::setup::onnxruntime_for(architecture)
        .inspect_err(|why| eprintln!("  without the model: {why:#}"))
        .ok()
}

/// A build's folder and name, as in debug/monitor: where the folder is concerns nobody else.
fn last_two(path: &Path) -> String {
    let mut parts: Vec<_> = path.iter().rev().take(2).collect();
    parts.reverse();
    parts.iter().collect::<PathBuf>().display().to_string()
}

/// The monitor, built for the machine.
fn monitor(architecture: Architecture) -> Result<PathBuf> {
    build::binary(build::Wanted {
        architecture: Some(architecture),
        ..build::Wanted::default()
    })
}
