//! The kernels of a run, booted one after another.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::archive::Archive;
use super::check::{CHECKS, Subject};
use super::count::{self, Counts};
use super::guest::Guest;
use super::machine::Machine;
use super::options::Options;
use super::release::{Release, choose, newest_of_each};
use super::table::{Row, markdown};
use support::page::replace;
use support::{place, revision, stop};

/// What all boots of a run share.
pub struct Bench<'a> {
    pub options: &'a Options,
    pub archive: Archive,
    pub image: PathBuf,
    pub work: PathBuf,
}

impl Bench<'_> {
    /// The kernels with their images, and how many could not be had.
    pub fn fetch(&self) -> Result<(Vec<(Release, PathBuf)>, usize)> {
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

    /// Boots them, judges each, and gives the table.
    pub fn check(&self, kernels: &[(Release, PathBuf)], skipped: usize) -> Result<ExitCode> {
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

    /// Boots them and counts instructions, in the place of the checks.
    pub fn count(&self, kernels: &[(Release, PathBuf)], skipped: usize) -> Result<ExitCode> {
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

/// The count of kernels on the last line, and the status that follows from it.
pub fn tally(passed: usize, failed: usize, skipped: usize) -> ExitCode {
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed == 0 && passed > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A build's folder and name, as in debug/monitor: where the folder is concerns nobody else.
fn last_two(path: &Path) -> String {
    let mut parts: Vec<_> = path.iter().rev().take(2).collect();
    parts.reverse();
    parts.iter().collect::<PathBuf>().display().to_string()
}
