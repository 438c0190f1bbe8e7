//! A command that is watched from its first call on.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Write},
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        unix::{
            ffi::OsStrExt,
            fs::PermissionsExt,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
    thread::JoinHandle,
};

use nix::unistd::User;

use super::inherited;
use super::privileges::{self, Needs};

/// A command that cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Nothing of that name.
    #[error("there is no command {0:?}: give its path, or a name that is in PATH")]
    NotFound(OsString),
    /// A file that is no program, or that may not be run.
    #[error("cannot start {program}: {error}")]
    NotStarted {
        /// Its path.
        program: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Pipes or threads ran out.
    #[error("cannot prepare the command: {0}")]
    NotPrepared(io::Error),
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::NotPrepared(error)
    }
}

/// The user to whom the command belongs when `sudo` started the monitor.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Invoker {
    uid: libc::uid_t,
    gid: libc::gid_t,
    groups: Vec<libc::gid_t>,
}

impl Invoker {
    /// Out of the variables that sudo sets; `None` when it is not root that runs, or no sudo.
    #[must_use]
    pub fn of_sudo() -> Option<Self> {
        // SAFETY: geteuid has no precondition.
        if unsafe { libc::geteuid() } != 0 {
            return None;
        }
        let number = |name: &str| std::env::var(name).ok()?.parse().ok();
        let (uid, gid) = (number("SUDO_UID")?, number("SUDO_GID")?);
        let groups = std::env::var_os("SUDO_USER").map_or_else(Vec::new, |user| groups(&user, gid));
        Some(Self { uid, gid, groups })
    }
}

fn groups(user: &OsStr, gid: libc::gid_t) -> Vec<libc::gid_t> {
    let Ok(user) = std::ffi::CString::new(user.as_bytes()) else {
        return Vec::new();
    };
    let mut groups = vec![0; 1024];
    let mut count = groups.len() as libc::c_int;
    // SAFETY: the name ends with NUL and the buffer has room for `count` groups.
    let status =
        unsafe { libc::getgrouplist(user.as_ptr(), gid, groups.as_mut_ptr(), &raw mut count) };
    groups.truncate(if status < 0 { 0 } else { count as usize });
    groups
}

/// A command that stands still right before it executes its program.
pub struct Prepared {
    /// Its pid.
    pub pid: u32,
    gate: File,
    outcome: JoinHandle<Result<ExitStatus, CommandError>>,
}

/// A command that runs.
pub struct Running(JoinHandle<Result<ExitStatus, CommandError>>);

/// Makes the process of `program arguments…`, as `invoker` where that is given, and holds it before
/// its first call.
///
/// # Errors
///
/// When there is no such program or no process can be made.
pub fn prepare(
    program: &OsStr,
    arguments: &[OsString],
    invoker: Option<Invoker>,
) -> Result<Prepared, CommandError> {
    // Looked up here, so that the command's first call is the execve of its program and not a
    // search along PATH.
    let path = find(program).ok_or_else(|| CommandError::NotFound(program.to_owned()))?;
    let (gate_read, gate_write) = pipe()?;
    let (pid_read, pid_write) = pipe()?;
    let mut command = Command::new(&path);
    command.arg0(program).args(arguments);
    let user = invoker
        .as_ref()
        .and_then(|invoker| User::from_uid(invoker.uid.into()).ok()?);
    for (name, before) in inherited::variables() {
        match before {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(user) = user {
        command
            .env("HOME", user.dir)
            .env("USER", &user.name)
            .env("LOGNAME", user.name);
    }
    let gate = gate_read.as_raw_fd();
    let tell = pid_write.as_raw_fd();
    let other_end = gate_write.as_raw_fd();
    // SAFETY: between fork and exec the closure makes system calls only and allocates nothing.
    unsafe {
        command.pre_exec(move || {
            // What the monitor may is not for the command, however the monitor came by it.
            libc::prctl(
                libc::PR_CAP_AMBIENT,
                libc::PR_CAP_AMBIENT_CLEAR_ALL,
                0,
                0,
                0,
            );
            inherited::restore_limits();
            if let Some(invoker) = &invoker {
                become_user(invoker)?;
            }
            // Or the child would wait for itself when the monitor is gone.
            libc::close(other_end);
            let pid = libc::getpid().to_ne_bytes();
            let mut byte = [0_u8; 1];
            if libc::write(tell, pid.as_ptr().cast(), pid.len()) != 4
                || libc::read(gate, byte.as_mut_ptr().cast(), 1) != 1
            {
                // The monitor is gone or gave up: nothing is to be run.
                libc::_exit(127);
            }
            Ok(())
        });
    }
    // `spawn` returns only once the program is executed, so it waits in a thread of its own.
    let outcome = std::thread::Builder::new()
        .name("command".into())
        .spawn(move || {
            let spawned = command.spawn();
            drop((gate_read, pid_write));
            let mut child = spawned.map_err(|error| CommandError::NotStarted {
                program: path,
                error,
            })?;
            // Privileges belong to threads, and waiting needs none.
            privileges::give_up(&Needs::default()).map_err(io::Error::other)?;
            Ok(child.wait()?)
        })?;
    let mut pid = [0; 4];
    match File::from(pid_read).read_exact(&mut pid) {
        Ok(()) => Ok(Prepared {
            pid: i32::from_ne_bytes(pid) as u32,
            gate: File::from(gate_write),
            outcome,
        }),
        Err(error) => match outcome.join() {
            Ok(Err(reason)) => Err(reason),
            _ => Err(error.into()),
        },
    }
}

impl Prepared {
    /// Lets it execute its program.
    ///
    /// # Errors
    ///
    /// When the process is gone.
    pub fn release(mut self) -> Result<Running, CommandError> {
        self.gate.write_all(&[1])?;
        Ok(Running(self.outcome))
    }
}

impl Running {
    /// Whether it ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// Waits for its end: the status that a shell would show, 128 + n when signal n ended it.
    ///
    /// # Errors
    ///
    /// When its program could not be executed.
    pub fn wait(self) -> Result<u8, CommandError> {
        let status = self
            .0
            .join()
            .map_err(|_| io::Error::other("the waiting thread failed"))??;
        let code = status.code().or_else(|| Some(128 + status.signal()?));
        Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
    }
}

fn become_user(invoker: &Invoker) -> io::Result<()> {
    let check = |status: libc::c_int| {
        if status == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    };
    // SAFETY: the list is live and as long as said. Groups first: they need the privilege that
    // changing the user gives up.
    check(unsafe { libc::setgroups(invoker.groups.len(), invoker.groups.as_ptr()) })?;
    // SAFETY: neither takes a pointer.
    check(unsafe { libc::setgid(invoker.gid) })?;
    // SAFETY: as above.
    check(unsafe { libc::setuid(invoker.uid) })
}

fn find(program: &OsStr) -> Option<PathBuf> {
    let runnable = |path: &Path| {
        path.metadata()
            .is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
    };
    if program.as_bytes().contains(&b'/') {
        let path = PathBuf::from(program);
        return path.exists().then_some(path);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| runnable(path))
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for the two descriptors that the call writes.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: both were just opened and belong to nobody else.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

#[cfg(test)]
mod tests;
