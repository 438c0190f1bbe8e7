//! The command: what is booted, of what parts.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::architecture::Architecture;
use super::archive::{Archive, FEW_SUITES, SUITES};
use super::bench::{Bench, tally};
use super::count;
use super::image::Parts;
use super::machine::Machine;
use super::options::Options;
use support::{place, stop};
use xtask::build;

/// Boots the kernels, one after another, and judges what was seen there.
///
/// The last line on stdout is the count of kernels: `N passed, N failed, N skipped`. One that
/// cannot be fetched is skipped; the status is a success when none failed and at least one passed.
///
/// # Errors
/// The emulator or a part of the image is missing, the monitor does not build, or the user asks to
/// stop.
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

/// The library for the machine; without it the model is not tried.
fn onnxruntime(architecture: Architecture) -> Option<PathBuf> {
    if architecture.is_host() {
        return place::onnxruntime();
    }
    xtask::setup::onnxruntime_for(architecture)
        .inspect_err(|why| eprintln!("  without the model: {why:#}"))
        .ok()
}

/// The monitor, built for the machine.
fn monitor(architecture: Architecture) -> Result<PathBuf> {
    build::binary(build::Wanted {
        architecture: Some(architecture),
        ..build::Wanted::default()
    })
}
