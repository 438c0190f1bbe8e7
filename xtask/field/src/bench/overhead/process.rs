//! What `/proc` tells of processes.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use procfs::process::Process;
use support::stop;

use crate::scenarios::tool::Running;

/// CPU time of processes.
#[derive(Clone, Copy, Debug)]
pub struct Cpu(Duration);

impl Cpu {
    /// What these processes have used so far, all their living threads together.
    #[must_use]
    pub fn of(pids: &[u32]) -> Self {
        Self(
            pids.iter()
                .flat_map(|pid| threads(*pid))
                .map(|it| it.1)
                .sum(),
        )
    }

    /// Seconds since `before`.
    #[must_use]
    pub fn since(self, before: Self) -> f64 {
        self.0.saturating_sub(before.0).as_secs_f64()
    }
}

/// Name and CPU time of every living thread of a process
/// (`Documentation/scheduler/sched-stats.rst`).
#[must_use]
pub fn threads(pid: u32) -> Vec<(String, Duration)> {
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let of = |folder: &Path| {
        let text = fs::read_to_string(folder.join("schedstat")).ok()?;
        let time = text.split(' ').next()?.parse().ok()?;
        let name = fs::read_to_string(folder.join("comm")).ok()?;
        Some((name.trim_end().to_owned(), Duration::from_nanos(time)))
    };
    tasks.flatten().filter_map(|it| of(&it.path())).collect()
}

/// Open descriptors of a process whose target contains `what`.
#[must_use]
pub fn descriptors(pid: u32, what: &str) -> usize {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return 0;
    };
    let is = |link: std::path::PathBuf| link.to_string_lossy().contains(what);
    entries
        .flatten()
        .filter(|entry| fs::read_link(entry.path()).is_ok_and(is))
        .count()
}

/// Waits until a program has `count` open descriptors of the kind `what`.
///
/// # Errors
/// It ends, or has not after 20 s.
pub fn wait_for_descriptors(running: &mut Running, what: &str, count: usize) -> Result<()> {
    let pid = running.pid();
    wait(running, || descriptors(pid, what) >= count)
}

/// Waits until a process is traced by `tracer`.
///
/// # Errors
/// `tracer` ends, or does not trace it after 20 s.
pub fn wait_for_tracer(tracer: &mut Running, pid: u32) -> Result<()> {
    let by = tracer.pid().cast_signed();
    wait(tracer, || {
        let status = Process::new(pid.cast_signed()).and_then(|it| it.status());
        status.is_ok_and(|it| it.tracerpid == by)
    })
}

fn wait(running: &mut Running, done: impl Fn() -> bool) -> Result<()> {
    let begun = Instant::now();
    while !done() {
        if let Some(status) = running.ended()? {
            return Err(running.blamed(anyhow!("it ended at once with {status}")));
        }
        if begun.elapsed() > Duration::from_secs(20) {
            return Err(running.blamed(anyhow!("it was not ready after 20 s")));
        }
        stop::sleep(Duration::from_millis(5))?;
    }
    Ok(())
}
