//! By whom a workload is watched.

use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use nix::sys::signal::Signal;
use serde::{Serialize, Serializer};

use super::empty::Empty;
use super::process::{wait_for_descriptors, wait_for_tracer};
use crate::scenarios::tool::{Running, find};

/// Who watches.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Configuration {
    /// Nobody.
    Alone,
    /// An empty program on the raw tracepoint `sys_enter`.
    Empty,
    /// Empty programs on the raw tracepoints `sys_enter` and `sys_exit`.
    EmptyBoth,
    /// `monitor --pid`, scoring by the general model.
    Pid,
    /// The same with `--details off`.
    PidBare,
    /// `monitor --pid` with a profile of the workload.
    Profile,
    /// The same with `--details off`.
    ProfileBare,
    /// `monitor --pid` with `--cpu 10%`.
    Budget,
    /// `monitor record --pid`: captured and written, not scored.
    Record,
    /// `monitor --pid` of another process.
    Elsewhere,
    /// The same with `--details off`.
    ElsewhereBare,
    /// `monitor --all`.
    All,
    /// `strace -f`, its output thrown away.
    Strace,
    /// `perf trace`, its output thrown away.
    Perf,
    /// `bpftrace`, counting by thread.
    Bpftrace,
    /// `sysdig` with its modern probe.
    Sysdig,
}

impl std::fmt::Display for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Configuration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

/// What the configurations need.
pub struct Place {
    monitor: PathBuf,
    onnxruntime: Option<PathBuf>,
    /// A profile, if one was given.
    pub profile: Option<PathBuf>,
    /// A process that does nothing, for the monitor to watch.
    idle: Running,
    has_budget: bool,
}

impl Place {
    /// With this binary of the monitor.
    ///
    /// # Errors
    /// It cannot be run.
    pub fn new(monitor: PathBuf, onnxruntime: Option<PathBuf>) -> Result<Self> {
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

/// A tool at work. It is gone when this is dropped.
pub enum Tool {
    /// None.
    Nothing,
    /// The empty program, on each tracepoint.
    Empty(Vec<Empty>),
    /// A process.
    Process(Running),
}

impl Tool {
    /// Its processes.
    pub fn pids(&self) -> Vec<u32> {
        match self {
            Self::Process(running) => vec![running.pid()],
            _ => Vec::new(),
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// It ended before, so that it may not have watched.
    pub fn end(self) -> Result<()> {
        match self {
            Self::Nothing => {}
            Self::Empty(all) => {
                for empty in all {
                    anyhow::ensure!(empty.descriptor().as_raw_fd() >= 0);
                }
            }
            Self::Process(mut running) => {
                if let Some(status) = running.ended()? {
                    return Err(running.blamed(anyhow!("it ended before it was told to: {status}")));
                }
                running.signal(Signal::SIGINT);
                // What does not end then is killed.
                let _ = running.wait(Duration::from_secs(20));
            }
        }
        Ok(())
    }
}

impl Configuration {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Alone,
        Self::Empty,
        Self::EmptyBoth,
        Self::Pid,
        Self::PidBare,
        Self::Profile,
        Self::ProfileBare,
        Self::Budget,
        Self::Record,
        Self::Elsewhere,
        Self::ElsewhereBare,
        Self::All,
        Self::Strace,
        Self::Perf,
        Self::Bpftrace,
        Self::Sysdig,
    ];

    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Empty => "empty",
            Self::EmptyBoth => "empty-both",
            Self::Pid => "pid",
            Self::PidBare => "pid-bare",
            Self::Profile => "profile",
            Self::ProfileBare => "profile-bare",
            Self::Budget => "budget",
            Self::Record => "record",
            Self::Elsewhere => "elsewhere",
            Self::ElsewhereBare => "elsewhere-bare",
            Self::All => "all",
            Self::Strace => "strace",
            Self::Perf => "perf",
            Self::Bpftrace => "bpftrace",
            Self::Sysdig => "sysdig",
        }
    }

    /// Whether it leaves out what calls touch.
    const fn is_bare(self) -> bool {
        matches!(
            self,
            Self::PidBare | Self::ProfileBare | Self::ElsewhereBare
        )
    }

    /// Whether it is judged by a profile.
    pub const fn has_profile(self) -> bool {
        matches!(self, Self::Profile | Self::ProfileBare)
    }

    /// Whether it takes some time to find how much it may do.
    pub const fn settles(self) -> bool {
        matches!(
            self,
            Self::Pid
                | Self::PidBare
                | Self::Profile
                | Self::ProfileBare
                | Self::Budget
                | Self::All
        )
    }

    /// In words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Empty => "an empty BPF program",
            Self::EmptyBoth => "empty BPF programs on `sys_enter` and `sys_exit`",
            Self::Pid => "`monitor --pid`",
            Self::PidBare => "`monitor --pid --details off`",
            Self::Profile => "`monitor --pid --profile`",
            Self::ProfileBare => "`monitor --pid --profile --details off`",
            Self::Budget => "`monitor --pid --cpu 10%`",
            Self::Record => "`monitor record --pid`",
            Self::Elsewhere => "`monitor --pid` of another process",
            Self::ElsewhereBare => "`monitor --pid --details off` of another process",
            Self::All => "`monitor --all`",
            Self::Strace => "`strace -f`",
            Self::Perf => "`perf trace`",
            Self::Bpftrace => "`bpftrace`, count by thread",
            Self::Sysdig => "`sysdig`, modern probe",
        }
    }

    /// Why it cannot be had here, if it cannot.
    pub fn obstacle(self, place: &Place) -> Option<String> {
        let missing = |name: &str| {
            find(name)
                .is_none()
                .then(|| format!("{name} is not installed"))
        };
        let tracefs = || {
            let there = Path::new("/sys/kernel/tracing/events/raw_syscalls/sys_enter").is_dir();
            let how = "tracefs is not mounted: mount -t tracefs nodev /sys/kernel/tracing";
            (!there).then(|| how.to_owned())
        };
        match self {
            Self::Budget if !place.has_budget => {
                Some("this monitor has no option --cpu yet".into())
            }
            Self::Strace => missing("strace"),
            Self::Perf => missing("perf").or_else(tracefs),
            Self::Bpftrace => missing("bpftrace").or_else(tracefs),
            Self::Sysdig => missing("sysdig").or_else(|| {
                let mut command = Command::new("sysdig");
                command.args(["--modern-bpf", "-n", "1"]);
                let output = command.stdin(Stdio::null()).output().ok()?;
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                let said = said.lines().next().unwrap_or("it fails").to_owned();
                let version = crate::scenarios::tool::first_line(Path::new("sysdig"), "--version");
                (!output.status.success()).then(|| format!("{version}: {said}"))
            }),
            _ => None,
        }
    }

    /// Lets it watch the processes `pids`; `profile` is theirs.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(self, place: &Place, pids: &[u32], profile: Option<&Path>) -> Result<Tool> {
        let begun = self.begin(place, pids, profile);
        begun.with_context(|| format!("{} does not watch", self.name()))
    }

    fn begin(self, place: &Place, pids: &[u32], profile: Option<&Path>) -> Result<Tool> {
        let peer = |name: &str| Command::new(find(name).unwrap_or_else(|| name.into()));
        let listed = |by: &str| {
            let words: Vec<String> = pids.iter().map(u32::to_string).collect();
            words.join(by)
        };
        let mut command = match self {
            Self::Alone => return Ok(Tool::Nothing),
            Self::Empty => return Ok(Tool::Empty(vec![Empty::attach(c"sys_enter")?])),
            Self::EmptyBoth => {
                let both = [c"sys_enter", c"sys_exit"].map(Empty::attach);
                return Ok(Tool::Empty(both.into_iter().collect::<Result<_>>()?));
            }
            Self::Pid | Self::PidBare => watching(place, &by_pid(pids)),
            Self::Profile | Self::ProfileBare => {
                let mut command = watching(place, &by_pid(pids));
                command.arg("--profile").args(profile);
                command
            }
            Self::Budget => {
                let mut command = watching(place, &by_pid(pids));
                command.args(["--cpu", "10%"]);
                command
            }
            Self::Record => {
                let mut command = place.monitor(&["record"]);
                command.args(by_pid(pids));
                command.args(["--output", "/dev/null"]);
                command
            }
            Self::Elsewhere | Self::ElsewhereBare => watching(place, &by_pid(&[place.idle.pid()])),
            Self::All => watching(place, &["--all".into()]),
            Self::Strace => {
                let mut command = peer("strace");
                command.args(["-f", "-o", "/dev/null"]);
                for pid in pids {
                    command.args(["-p", &pid.to_string()]);
                }
                command
            }
            Self::Perf => {
                let mut command = peer("perf");
                command.args(["trace", "-o", "/dev/null", "-p", &listed(",")]);
                command
            }
            Self::Bpftrace => {
                let mut command = peer("bpftrace");
                let filter = format!("pid == {}", listed(" || pid == "));
                command.arg("-e").arg(format!(
                    "tracepoint:raw_syscalls:sys_enter /{filter}/ {{ @[tid] = count(); }}"
                ));
                command
            }
            Self::Sysdig => {
                let mut command = peer("sysdig");
                let filter = format!("proc.pid in ({})", listed(","));
                command.args(["--modern-bpf", "-w", "/dev/null", &filter]);
                command
            }
        };
        if self.is_bare() {
            command.args(["--details", "off"]);
        }
        command.stdout(Stdio::null());
        let mut running = Running::start_quietly(command)?;
        match self {
            Self::Strace => {
                for &pid in pids {
                    wait_for_tracer(&mut running, pid)?;
                }
            }
            Self::Perf | Self::Bpftrace => {
                wait_for_descriptors(&mut running, "perf_event", 1)?;
            }
            Self::Sysdig => wait_for_descriptors(&mut running, "bpf", 1)?,
            // Its four attach points.
            _ => wait_for_descriptors(&mut running, "bpf_link", 4)?,
        }
        Ok(Tool::Process(running))
    }
}

fn by_pid(pids: &[u32]) -> Vec<String> {
    pids.iter().map(|pid| format!("--pid={pid}")).collect()
}

fn watching(place: &Place, target: &[String]) -> Command {
    let mut command = place.monitor(&[]);
    command
        .args(target)
        .args(["--no-alarm-log", "--format", "json"]);
    command
}
