//! A guard for as long as `monitor top` runs.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use monitor::config::{Config, Discovery};
use tempfile::TempDir;

/// How long it may take to end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Bytes of what it said that are repeated.
const REPEATED: u64 = 4096;

/// A guard of this program's own.
pub struct OwnGuard {
    child: RefCell<Child>,
    folder: TempDir,
}

impl OwnGuard {
    /// Starts it over the services that `watched` names, or over all.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(watched: &[String]) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("monitor-top-").tempdir()?;
        let mut config = Config::default();
        if !watched.is_empty() {
            config.discovery = Discovery {
                include: watched.to_vec(),
                ..Discovery::default()
            };
        }
        let place = folder.path().join("monitor.toml");
        fs::write(&place, toml::to_string(&config)?)?;
        let said = File::create(folder.path().join("said"))?;
        let mut guard = Command::new("/proc/self/exe");
        guard
            .arg("guard")
            .arg("--config")
            .arg(&place)
            .arg("--state")
            .arg(folder.path().join("state"))
            .arg("--socket")
            .arg(folder.path().join("monitor.sock"))
            .arg("--alarm-log")
            .arg(folder.path().join("alarms.jsonl"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said)
            // Signals from the terminal are for this program, which ends it.
            .process_group(0);
        // SAFETY: prctl(2) with these arguments takes no pointer; it may be called between fork and
        // exec.
        unsafe {
            guard.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM, 0, 0, 0);
                Ok(())
            });
        }
        let child = RefCell::new(guard.spawn().context("a guard cannot be started")?);
        Ok(Self { child, folder })
    }

    /// Its control socket.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("monitor.sock")
    }

    /// Its alarm log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("alarms.jsonl")
    }

    /// Whether it goes on.
    ///
    /// # Errors
    /// When it ended: with what it said.
    pub fn check(&self) -> Result<()> {
        let Some(status) = self.child.borrow_mut().try_wait()? else {
            return Ok(());
        };
        let mut said = Vec::new();
        if let Ok(file) = File::open(self.folder.path().join("said")) {
            file.take(REPEATED).read_to_end(&mut said)?;
        }
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().last().unwrap_or_default();
        bail!("the guard ended ({status}): {}", last.escape_debug())
    }
}

impl Drop for OwnGuard {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        let pid = i32::try_from(child.id()).unwrap_or(0);
        if pid > 1 {
            // SAFETY: takes two numbers; the child was not waited for, so the number is still its
            // own.
            unsafe { libc::kill(pid, libc::SIGTERM) };
        }
        let until = Instant::now() + PATIENCE;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                // It may be gone by now.
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
