//! Who made whom among the processes that were there before the probe.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::target::Target;
use crate::{
    run::clock::monotonic_ns,
    syscall::event::{Comm, Event, EventKind, ThreadKey},
};

/// A fork for each process whose parent is watched as well, as if it were made now, of a parent whose start is not
/// known. `watched` tells whether a process is.
pub fn of(watched: impl Fn(u32) -> bool) -> Vec<Event> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let pids = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let me = std::process::id();
    let mut watched: Vec<u32> = pids.filter(|&pid| pid != me && watched(pid)).collect();
    watched.sort_unstable();
    let time_ns = monotonic_ns();
    let fork = |&child: &u32| {
        let parent = parent(child)?;
        watched.binary_search(&parent).ok()?;
        Some(Event {
            thread: ThreadKey {
                tgid: parent,
                tid: parent,
                start_ns: 0,
            },
            comm: name(parent)?,
            time_ns,
            kind: EventKind::Fork {
                child_tgid: child,
                child_tid: child,
            },
        })
    };
    watched.iter().filter_map(fork).collect()
}

/// Whether a process is of a target that is told by what processes are.
pub fn fits(target: &Target, pid: u32) -> bool {
    match target {
        Target::Processes(pids) => pids.contains(&pid),
        Target::Comm(comm) => {
            let threads = fs::read_dir(format!("/proc/{pid}/task"));
            let names = threads.into_iter().flatten().flatten();
            let mut names = names.filter_map(|thread| read_name(&thread.path().join("comm")));
            names.any(|name| name == *comm)
        }
        Target::Uid(uid) => status(pid, "Uid:").is_some_and(|real| real == *uid),
        // Its member list would leave out the groups below.
        Target::Cgroup(path) => {
            let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
            in_cgroup(pid, path, &hierarchies(&mounts))
        }
        Target::All => true,
    }
}

/// Where hierarchies of version 2 are mounted: on a hybrid host not at `/sys/fs/cgroup` itself.
fn hierarchies(mounts: &str) -> Vec<PathBuf> {
    let place = |line: &str| {
        let mut words = line.split(' ').skip(1);
        let place = words.next()?;
        (words.next()? == "cgroup2").then(|| PathBuf::from(place))
    };
    mounts.lines().filter_map(place).collect()
}

fn in_cgroup(pid: u32, wanted: &Path, hierarchies: &[PathBuf]) -> bool {
    let Ok(groups) = fs::read_to_string(format!("/proc/{pid}/cgroup")) else {
        return false;
    };
    // Of version 2, as in cgroups(7): `0::PATH`.
    let Some(path) = groups.lines().find_map(|line| line.strip_prefix("0::/")) else {
        return false;
    };
    let Ok(wanted) = fs::metadata(wanted) else {
        return false;
    };
    let is_wanted = |folder: &Path| {
        fs::metadata(folder).is_ok_and(|it| (it.dev(), it.ino()) == (wanted.dev(), wanted.ino()))
    };
    hierarchies.iter().any(|root| {
        let own = root.join(path);
        let below = own
            .ancestors()
            .take_while(|folder| folder.starts_with(root));
        below.into_iter().any(is_wanted)
    })
}

fn parent(pid: u32) -> Option<u32> {
    status(pid, "PPid:").filter(|&parent| parent > 0)
}

/// The first number of a field of `/proc/PID/status`.
fn status(pid: u32, field: &str) -> Option<u32> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let value = status.lines().find_map(|line| line.strip_prefix(field))?;
    value.split_whitespace().next()?.parse().ok()
}

fn name(pid: u32) -> Option<Comm> {
    read_name(format!("/proc/{pid}/comm").as_ref())
}

fn read_name(path: &std::path::Path) -> Option<Comm> {
    let name = fs::read(path).ok()?;
    Some(Comm::new(name.strip_suffix(b"\n").unwrap_or(&name)))
}

#[cfg(test)]
mod tests {
    use super::{fits, hierarchies, name, of};
    use crate::{
        live::target::Target,
        syscall::event::{Comm, EventKind},
    };

    #[test]
    fn the_hierarchy_is_found_where_a_hybrid_host_mounts_it() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let found = hierarchies(mounts);
        assert_eq!(found, [std::path::PathBuf::from("/sys/fs/cgroup/unified")]);
    }

    #[test]
    fn a_child_that_is_there_already_has_its_parent() {
        let start = |program: &str, words: &[&str]| {
            let mut command = std::process::Command::new(program);
            command.args(words).spawn().expect("starts")
        };
        // A shell that waits for another process.
        let mut shell = start("sh", &["-c", "sleep 60; true"]);
        let parent = shell.id();
        let children = || crate::live::target::children(parent);
        while children().is_empty() {
            std::thread::yield_now();
        }
        let child = children()[0];
        while name(child) != Some(Comm::new(b"sleep")) {
            std::thread::yield_now();
        }
        assert!(fits(&Target::Comm(Comm::new(b"sleep")), child));
        let events = of(|pid| pid == parent || pid == child);
        // SAFETY: neither was waited for, so both numbers are still theirs.
        unsafe {
            libc::kill(child as libc::pid_t, libc::SIGKILL);
        }
        shell.wait().expect("a child");
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].thread.tgid, parent);
        assert_eq!(events[0].comm.to_string(), "sh");
        let fork = EventKind::Fork {
            child_tgid: child,
            child_tid: child,
        };
        assert_eq!(events[0].kind, fork);
    }
}
