//! The monitor and what its runs need.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use super::process::wait_for_descriptors;
use crate::scenarios::tool::Running;

/// What the configurations need.
pub struct Place {
    monitor: PathBuf,
    onnxruntime: Option<PathBuf>,
    /// A profile, if one was given.
    pub profile: Option<PathBuf>,
    idle: Running,
    has_budget: bool,
}

impl Place {
    /// With this monitor, or else the release build, which is made now, after the set-up.
    ///
    /// # Errors
    /// There is none.
    pub fn with(monitor: Option<&Path>, onnxruntime: Option<&Path>) -> Result<Self> {
        let (monitor, brought) = match monitor {
            Some(path) => (
                fs::canonicalize(path).with_context(|| path.display().to_string())?,
                support::place::onnxruntime(),
            ),
            None => {
                let tools = xtask::setup::setup()?;
                (xtask::build::release()?, Some(tools.onnxruntime))
            }
        };
        Self::new(monitor, onnxruntime.map(Path::to_path_buf).or(brought))
    }

    /// With this binary of the monitor.
    fn new(monitor: PathBuf, onnxruntime: Option<PathBuf>) -> Result<Self> {
        let help = Command::new(&monitor)
            .arg("--help")
            .output()
            .with_context(|| monitor.display().to_string())?;
        let mut idle = Command::new("sleep");
        idle.arg("infinity");
        Ok(Self {
            has_budget: String::from_utf8_lossy(&help.stdout).contains("--cpu <"),
            monitor,
            onnxruntime,
            profile: None,
            idle: Running::start(idle)?,
        })
    }

    /// A process that does nothing, for the monitor to watch.
    pub fn idle(&self) -> u32 {
        self.idle.pid()
    }

    /// Whether this monitor keeps to a budget of CPU time.
    pub const fn has_budget(&self) -> bool {
        self.has_budget
    }

    /// `monitor` and these words, with the library where it judges.
    ///
    /// By the option and not by `ORT_DYLIB_PATH`: under sudo the monitor trusts a library of the
    /// invoking user's only when that user names it so.
    pub fn monitor(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.monitor);
        command.args(words);
        if words != ["record"]
            && let Some(path) = &self.onnxruntime
        {
            command.arg("--onnxruntime").arg(path);
        }
        command.env("ORT_DISABLE_TELEMETRY", "1");
        command
    }

    /// Learns what these processes do while `work` makes them do it.
    ///
    /// # Errors
    /// The monitor does not learn, or `work` fails.
    pub fn learn(
        &self,
        pids: &[u32],
        profile: &Path,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let mut command = self.monitor(&["learn"]);
        command.args(by_pid(pids));
        command.arg("--profile").arg(profile);
        watch(command, work).context("monitor learn")
    }

    /// Records what these processes do while `work` makes them do it.
    ///
    /// # Errors
    /// The monitor does not record, or `work` fails.
    pub fn record(
        &self,
        pids: &[u32],
        recording: &Path,
        work: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        let mut command = self.monitor(&["record"]);
        command.args(by_pid(pids));
        command.arg("--output").arg(recording);
        watch(command, work).context("monitor record")
    }
}

fn watch(mut command: Command, work: impl FnOnce() -> Result<()>) -> Result<()> {
    command.stdout(Stdio::null());
    let mut running = Running::start_quietly(command)?;
    wait_for_descriptors(&mut running, "bpf_link", 4)?;
    work()?;
    running.signal(Signal::SIGINT);
    let status = running.wait(Duration::from_secs(120))?;
    running.ensure_good(status, &[0])
}

/// What tells the monitor to watch these processes.
pub fn by_pid(pids: &[u32]) -> Vec<String> {
    pids.iter().map(|pid| format!("--pid={pid}")).collect()
}
