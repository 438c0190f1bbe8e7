//! Programs that the suite starts: load generators, clients, services. None outlives its guard.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{AccessFlags, Pid, access};

use support::stop;

/// Folders beside those of `PATH` where Debian keeps daemons.
const DAEMONS: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin"];

/// A program under way, in a process group of its own. Dropping it kills the group.
pub struct Running {
    child: Child,
    name: String,
}

impl Running {
    /// Starts a program.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut command: Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self { child, name })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal (not its group).
    pub fn signal(&self, signal: Signal) {
        super::cgroup::send(self.child.id(), signal);
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It does not end in time, or the user asks to stop.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if began.elapsed() > patience {
                bail!("{} has not ended within {patience:.0?}", self.name);
            }
            stop::sleep(Duration::from_millis(10))?;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        if let Ok(group) = i32::try_from(self.child.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

/// Runs a client to its end, its output thrown away.
///
/// # Errors
/// It cannot be started or takes too long; its own failure is `Ok(false)`.
pub fn run(command: &mut Command, patience: Duration) -> Result<bool> {
    let mut taken = Command::new(command.get_program());
    taken.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => taken.env(name, value),
            None => taken.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        taken.current_dir(folder);
    }
    taken
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    Ok(Running::start(taken)?.wait(patience)?.success())
}

/// Whether this file is there and can be run.
pub fn program(path: &Path) -> bool {
    path.is_file() && access(path, AccessFlags::X_OK).is_ok()
}

/// Where a program of this name is.
pub fn find(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&named)
        .chain(DAEMONS.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| program(path))
}

/// The first line that a program prints of itself, on stdout or stderr; "unknown" when it says nothing.
pub fn first_line(path: &Path, argument: &str) -> String {
    let said = Command::new(path)
        .arg(argument)
        .stdin(Stdio::null())
        .output()
        .map(|out| [out.stdout, out.stderr].concat())
        .unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    said.lines().next().unwrap_or("unknown").trim().to_owned()
}
