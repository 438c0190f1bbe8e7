//! `cargo xtask bench scale`: memory for each thread that is followed, and a process that makes threads without end.
//!
//! The detector is given synthetic streams. Each size runs in a process of its own, so that what one left behind is not counted
//! for the next.

mod streams;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use super::machine::Machine;
use super::page::Publish;
use crate::offline::runtime;

/// What a thread may take beyond the base, bytes, and the base, MiB: the targets.
const TARGET_BYTES: f64 = 4096.0;
const TARGET_BASE_MIB: f64 = 64.0;

/// Options of `cargo xtask bench scale`.
#[derive(Args, Debug)]
pub struct Options {
    /// Threads that are followed at once, each measured.
    #[arg(long, value_delimiter = ',', default_value = "100,10000,100000")]
    threads: Vec<u32>,
    /// Short-lived threads of one process beside a long-lived one of another; 0 for none.
    #[arg(long, default_value_t = 10_000_000)]
    short_lived: u64,
    #[command(flatten)]
    publish: Publish,
    /// libonnxruntime [default: as the monitor finds it].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// Measure one case and print it: what this command starts itself by.
    #[arg(long, hide = true, value_name = "CASE")]
    case: Option<String>,
}

/// One measurement, in a process of its own.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Case {
    /// Whether a profile judges.
    profile: bool,
    /// Threads that are followed at once, or threads that come and go.
    threads: u64,
    /// Whether they come and go.
    short_lived: bool,
}

/// What was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Found {
    case: Case,
    /// Resident memory before any thread, with the model loaded and run once, KiB.
    before_kib: u64,
    /// With all threads, KiB; of short-lived ones after each tenth.
    after_kib: Vec<u64>,
    /// Calls made.
    calls: u64,
    /// CPU time that they took, seconds.
    cpu_s: f64,
    /// Threads that the table forgot.
    evicted: u64,
    /// Whether the long-lived thread was still judged in the end.
    judged: bool,
}

/// All that was measured.
#[derive(Serialize)]
struct Report {
    format: u32,
    machine: Machine,
    found: Vec<Found>,
}

/// Runs the command.
///
/// # Errors
/// Inference fails, or a file cannot be written.
pub fn command(options: &Options) -> Result<()> {
    if let Some(case) = &options.case {
        let runtime = runtime::load(options.onnxruntime.as_deref())?;
        let case: Case = serde_json::from_str(case).context("--case")?;
        let found = streams::measure(&runtime, case)?;
        println!("{}", serde_json::to_string(&found)?);
        return Ok(());
    }
    let mut found = Vec::new();
    for profile in [false, true] {
        for &threads in &options.threads {
            let case = Case {
                profile,
                threads: threads.into(),
                short_lived: false,
            };
            found.push(apart(&case, options)?);
        }
    }
    if options.short_lived > 0 {
        let case = Case {
            profile: true,
            threads: options.short_lived,
            short_lived: true,
        };
        found.push(apart(&case, options)?);
    }
    let report = Report {
        format: 1,
        machine: Machine::this(),
        found,
    };
    options
        .publish
        .publish("scale", &report, &report.markdown())
}

/// Measures a case in a process of its own.
fn apart(case: &Case, options: &Options) -> Result<Found> {
    let this = std::env::current_exe().context("this program's own path")?;
    let mut command = Command::new(this);
    command
        .args(["bench", "scale", "--case"])
        .arg(serde_json::to_string(case)?);
    if let Some(library) = &options.onnxruntime {
        command.arg("--onnxruntime").arg(library);
    }
    let out = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start the measurement")?;
    ensure!(
        out.status.success(),
        "the measurement ended with {}",
        out.status
    );
    serde_json::from_slice(&out.stdout).context("what the measurement says")
}

impl Report {
    fn markdown(&self) -> String {
        let mib = |kib: u64| kib as f64 / 1024.0;
        let mut text = format!(
            "On {}. Targets: {TARGET_BYTES:.0} bytes a thread beyond a base of {TARGET_BASE_MIB:.0} MiB.\n\n\
             | Profile | Threads at once | Base, MiB | With all, MiB | Bytes a thread | Nanoseconds a call |\n|---|--:|--:|--:|--:|--:|\n",
            self.machine.sentence()
        );
        let (short, at_once): (Vec<_>, Vec<_>) =
            self.found.iter().partition(|found| found.case.short_lived);
        for found in at_once {
            let after = found.after_kib.last().copied().unwrap_or(0);
            let grown = after.saturating_sub(found.before_kib) as f64 * 1024.0;
            text += &format!(
                "| {} | {} | {:.1} | {:.1} | {:.0} | {:.0} |\n",
                if found.case.profile {
                    "its own"
                } else {
                    "none"
                },
                found.case.threads,
                mib(found.before_kib),
                mib(after),
                grown / found.case.threads as f64,
                found.cpu_s * 1e9 / found.calls.max(1) as f64,
            );
        }
        for found in short {
            let all: Vec<_> = found
                .after_kib
                .iter()
                .map(|&kib| format!("{:.1}", mib(kib)))
                .collect();
            text += &format!(
                "\n{} threads of one process that came and went, beside one of another that stayed: memory after each tenth was {} MiB; \
                 {} threads were forgotten by the table; the one that stayed was {} in the end.\n",
                found.case.threads,
                all.join(", "),
                found.evicted,
                if found.judged {
                    "still judged"
                } else {
                    "NOT judged"
                },
            );
        }
        text
    }
}
