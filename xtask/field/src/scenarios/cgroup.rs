//! A cgroup (version 2) for one service, so that the monitor watches it across restarts.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procfs::process::Process;

/// A cgroup of ours. Its processes are killed and it is removed when it is dropped.
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Makes a cgroup of this name below the root of the host's version 2 hierarchy, or of this
    /// path, as in `system.slice/web.service`.
    ///
    /// # Errors
    /// No such hierarchy is mounted, or it may not be written to.
    pub fn create(name: &str) -> Result<Self> {
        let mounts = Process::myself().and_then(|it| it.mountinfo());
        let mut mounts = mounts.context("cannot read the mounts")?.into_iter();
        let Some(hierarchy) = mounts.find(|it| it.fs_type == "cgroup2") else {
            bail!("no cgroup version 2 hierarchy is mounted: mount -t cgroup2 none /sys/fs/cgroup");
        };
        let root = hierarchy.mount_point;
        let path = root.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::create_dir(&path)).with_context(|| {
            format!(
                "cannot make the cgroup {}; is {} writable?",
                path.display(),
                root.display()
            )
        })?;
        Ok(Self { path })
    }

    /// Its folder, as `monitor --cgroup` wants it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file through which a process joins. Opened here with our rights, so that a process of
    /// another user can join by it (permissions are those of the opener: kernel/cgroup/cgroup.c,
    /// `cgroup_procs_write`).
    pub fn door(&self) -> Result<File> {
        let path = self.path.join("cgroup.procs");
        OpenOptions::new()
            .write(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))
    }

    /// A shell that joins it and then becomes the program that the command's arguments are.
    pub fn joining(&self) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", r#"echo $$ > "$0" && exec "$@""#]);
        command.arg(self.path.join("cgroup.procs"));
        command
    }

    /// The processes in it now.
    pub fn processes(&self) -> Vec<u32> {
        fs::read_to_string(self.path.join("cgroup.procs"))
            .unwrap_or_default()
            .lines()
            .filter_map(|line| line.parse().ok())
            .filter(|&pid| pid != 0)
            .collect()
    }

    /// Waits until no process is left in it, and kills those that stay longer than `patience`.
    pub fn drain(&self, patience: Duration) {
        let began = Instant::now();
        while !self.processes().is_empty() {
            let waited = began.elapsed();
            if waited > patience {
                for pid in self.processes() {
                    send(pid, Signal::SIGKILL);
                }
            }
            if waited > patience + Duration::from_secs(5) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        self.drain(Duration::ZERO);
        // The kernel lets go of the last process a moment after it is gone from the list.
        for _ in 0..100 {
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        eprintln!("warning: the cgroup {} is left behind", self.path.display());
    }
}

/// Sends a signal. That the process is gone already is no failure.
pub fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}
