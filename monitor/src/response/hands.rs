//! What the helper does to others, and what it looks at before.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::untouchable::Facts;
use crate::run::process_cgroups;
use crate::service::host::Host;

/// Cgroups below a service's own that are looked at, and processes in all of them.
const MOST: (usize, usize) = (1024, 65_536);

/// How long it is waited for a cgroup to be frozen.
const FROZEN_WITHIN: Duration = Duration::from_secs(1);

/// What `/proc/PID/stat` says of a thread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stat {
    pub flags: u64,
    /// When it was started, clock ticks since boot.
    pub start: u64,
}

/// The host that is acted upon.
#[derive(Clone, Debug)]
pub(super) struct Hands {
    host: Host,
}

impl Hands {
    pub(super) const fn new(host: Host) -> Self {
        Self { host }
    }

    /// What is known of a thread of a process; `None` when it is gone.
    pub(super) fn stat(&self, pid: u32, tid: u32) -> Option<Stat> {
        let text = fs::read(self.host.process(pid, &format!("task/{tid}/stat"))).ok()?;
        // proc(5): a name may hold anything, so the fields count from its last parenthesis: 9 is
        // flags, 22 is starttime.
        let end = text.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(text.get(end + 1..)?).ok()?;
        let field = |number: usize| rest.split_whitespace().nth(number - 3)?.parse().ok();
        Some(Stat {
            flags: field(9)?,
            start: field(22)?,
        })
    }

    /// What tells whether a process is never touched; `None` when it is gone.
    pub(super) fn facts(&self, pid: u32) -> Option<Facts> {
        let stat = self.stat(pid, pid)?;
        let link = self.host.process(pid, "exe");
        let path = fs::read_link(&link).ok();
        // In a container or a chroot another file may have that path.
        let is_hosts = |path: &PathBuf| {
            let same = |a: fs::Metadata, b: fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
            let theirs = fs::metadata(&link);
            theirs
                .is_ok_and(|it| fs::metadata(self.host.path(path)).is_ok_and(|ours| same(it, ours)))
        };
        let executable = path.filter(is_hosts);
        let executable =
            executable.map(|it| String::from_utf8_lossy(it.as_os_str().as_bytes()).into_owned());
        Some(Facts {
            pid,
            flags: stat.flags,
            executable,
        })
    }

    /// Where a process is in the hierarchy of cgroups of version 2.
    pub(super) fn cgroup_of(&self, pid: u32) -> Option<PathBuf> {
        let file = fs::read(self.host.process(pid, "cgroup")).ok()?;
        process_cgroups::unified(&file).map(PathBuf::from)
    }

    fn folder(&self, cgroup: &str) -> io::Result<PathBuf> {
        let root = self.host.cgroups();
        let root = root.ok_or_else(|| io::Error::other("there are no cgroups of version 2"))?;
        Ok(root.join(cgroup.trim_start_matches('/')))
    }

    /// Whether cgroups can be frozen here at all.
    pub(super) fn can_freeze(&self) -> io::Result<()> {
        let root = self.folder("/")?;
        let path = std::ffi::CString::new(root.as_os_str().as_bytes())?;
        // SAFETY: the path ends in a zero byte and outlives the call.
        let allowed =
            unsafe { libc::faccessat(libc::AT_FDCWD, path.as_ptr(), libc::W_OK, libc::AT_EACCESS) };
        match allowed {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The processes in a cgroup and below it.
    pub(super) fn members(&self, cgroup: &str) -> io::Result<Vec<u32>> {
        let mut folders = VecDeque::from([self.folder(cgroup)?]);
        let (mut pids, mut looked_at) = (Vec::new(), 0);
        while let Some(folder) = folders.pop_front() {
            looked_at += 1;
            let text = fs::read_to_string(folder.join("cgroup.procs"))?;
            // 0 is a process of another pid namespace: none of those that are known by number.
            pids.extend(
                text.lines()
                    .filter_map(|it| it.parse::<u32>().ok())
                    .filter(|&it| it > 0),
            );
            for entry in fs::read_dir(&folder)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    folders.push_back(entry.path());
                }
            }
            if looked_at + folders.len() > MOST.0 || pids.len() > MOST.1 {
                return Err(io::Error::other(
                    "too many processes are in it to look at all",
                ));
            }
        }
        Ok(pids)
    }

    /// Freezes a cgroup, or thaws it; whether all in it stand still by the time this returns.
    pub(super) fn freeze(&self, cgroup: &str, frozen: bool) -> io::Result<bool> {
        let folder = self.folder(cgroup)?;
        // Documentation/admin-guide/cgroup-v2.rst, cgroup.freeze and cgroup.events.
        fs::write(folder.join("cgroup.freeze"), if frozen { "1" } else { "0" })?;
        let until = Instant::now() + FROZEN_WITHIN;
        let wanted = if frozen { "frozen 1" } else { "frozen 0" };
        loop {
            let events = fs::read_to_string(folder.join("cgroup.events"))?;
            if events.lines().any(|line| line == wanted) {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A process, whatever becomes of its number.
#[derive(Debug)]
pub(super) struct Process(OwnedFd);

impl Process {
    /// The process that has this number now.
    pub(super) fn open(pid: u32) -> io::Result<Self> {
        // SAFETY: pidfd_open(2) takes two numbers.
        let opened = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        match i32::try_from(opened) {
            // SAFETY: the kernel has just made it for this call.
            Ok(opened) if opened >= 0 => Ok(Self(unsafe { OwnedFd::from_raw_fd(opened) })),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Sends it a signal.
    pub(super) fn signal(&self, number: libc::c_int) -> io::Result<()> {
        let none = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: the descriptor is this process' own, and no siginfo is passed
        // (pidfd_send_signal(2)).
        let sent = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.0.as_raw_fd(),
                number,
                none,
                0,
            )
        };
        match sent {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// The clock ticks since boot of a time in nanoseconds since boot, as `/proc` counts them.
pub(super) fn ticks(start_ns: u64) -> u64 {
    // SAFETY: takes a number and gives one.
    let rate = u64::try_from(unsafe { libc::sysconf(libc::_SC_CLK_TCK) })
        .unwrap_or(100)
        .max(1);
    // nsec_to_clock_t of kernel/time/time.c, for the rates that it divides by.
    start_ns / (1_000_000_000 / rate)
}
