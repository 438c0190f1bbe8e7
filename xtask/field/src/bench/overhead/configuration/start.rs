//! Starting who watches.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::Configuration;
use crate::bench::overhead::empty::Empty;
use crate::bench::overhead::place::{Place, by_pid};
use crate::bench::overhead::process::{wait_for_descriptors, wait_for_tracer};
use crate::bench::overhead::tool::Tool;
use crate::scenarios::tool::{Running, find};

impl Configuration {
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
            Self::Budget if !place.has_budget() => {
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
            Self::Elsewhere | Self::ElsewhereBare => watching(place, &by_pid(&[place.idle()])),
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

fn watching(place: &Place, target: &[String]) -> Command {
    let mut command = place.monitor(&[]);
    command
        .args(target)
        .args(["--no-alarm-log", "--format", "json"]);
    command
}
