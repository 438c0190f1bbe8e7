//! Where a service of the suite lives: a folder of its own, free ports on loopback, a cgroup.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use nix::unistd::{User, chown};

use super::cgroup::Cgroup;
use super::tool::Running;
use support::stop;

/// Debian's user without rights, for services that have none of their own here.
pub const NOBODY: &str = "nobody";

/// The place of one service. All of it goes away when it is dropped.
pub struct Sandbox {
    // Before the folder: the processes in it must be gone when the folder is removed.
    cgroup: Cgroup,
    folder: PathBuf,
    keep: bool,
    environment: Vec<(OsString, OsString)>,
}

impl Sandbox {
    /// Makes the folder and the cgroup for the service `name`.
    ///
    /// # Errors
    /// One of them cannot be made.
    pub fn create(name: &str, keep: bool) -> Result<Self> {
        let unique = format!("monitor-scenarios-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(&unique);
        fs::create_dir(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let cgroup = Cgroup::create(&unique).inspect_err(|_| {
            let _ = fs::remove_dir(&folder);
        })?;
        let sandbox = Self {
            cgroup,
            folder,
            keep,
            environment: Vec::new(),
        };
        // The service's user passes through it.
        fs::set_permissions(&sandbox.folder, fs::Permissions::from_mode(0o755))?;
        Ok(sandbox)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The cgroup.
    pub fn cgroup(&self) -> &Cgroup {
        &self.cgroup
    }

    /// Sets variables that every program started in the sandbox has in its environment.
    pub fn set_environment(&mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) {
        self.environment.extend(variables);
    }

    /// Makes a folder in the sandbox that belongs to `user`.
    ///
    /// # Errors
    /// There is no such user, or the folder cannot be made.
    pub fn folder_of(&self, name: &str, user: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::create_dir_all(&path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        let user = account(user)?;
        chown(&path, Some(user.uid), Some(user.gid))?;
        Ok(path)
    }

    /// Writes a file in the sandbox that everybody may read.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Starts a program of the service in the cgroup, as `user` (root stays root), its output in
    /// `NAME.out`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn spawn<I, S>(&self, path: &Path, arguments: I, user: &str) -> Result<Running>
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        // The shell joins, and becomes the program: nothing else of the suite is in the cgroup.
        const JOIN: &str = "echo 0 >&0 && exec \"$@\" </dev/null";
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let out = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("{name}.out")))
            .context("cannot write the service's output")?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", JOIN, "sh"]);
        command.arg(path).args(arguments);
        command
            .current_dir(&self.folder)
            .stdin(Stdio::from(self.cgroup.door()?))
            .stdout(out.try_clone()?)
            .stderr(out)
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("LC_ALL", "C.UTF-8")
            .env("TMPDIR", &self.folder)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if user != "root" {
            let user = account(user)?;
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        Running::start(command)
    }

    /// Waits until something listens on a port of loopback.
    ///
    /// # Errors
    /// Nothing does in 20 s.
    pub fn wait_for_port(&self, port: u16) -> Result<()> {
        self.wait(&format!("something listens on port {port}"), || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
        })
    }

    /// Waits until `done`.
    ///
    /// # Errors
    /// It is not in 20 s; the error names `what` was waited for.
    pub fn wait(&self, what: &str, mut done: impl FnMut() -> bool) -> Result<()> {
        for _ in 0..400 {
            if done() {
                return Ok(());
            }
            stop::sleep(Duration::from_millis(50))?;
        }
        bail!(
            "waited 20 s in vain until {what}; --keep leaves the service's output in {}",
            self.folder.display()
        )
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.cgroup.drain(Duration::ZERO);
        if self.keep {
            eprintln!("  kept: {}", self.folder.display());
        } else if let Err(why) = fs::remove_dir_all(&self.folder) {
            eprintln!("warning: {} is left behind: {why}", self.folder.display());
        }
    }
}

/// A port of loopback on which nobody listens now.
///
/// # Errors
/// There is none.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// An account of this host.
///
/// # Errors
/// It is not there.
pub fn account(name: &str) -> Result<User> {
    User::from_name(name)
        .with_context(|| format!("cannot look up the user {name}"))?
        .with_context(|| format!("there is no user {name} on this host"))
}

/// The first of these users that is there: a package's own, else [`NOBODY`].
pub fn first_user(names: &[&'static str]) -> &'static str {
    let there = |name: &&&str| matches!(User::from_name(name), Ok(Some(_)));
    names.iter().find(there).copied().unwrap_or(NOBODY)
}
