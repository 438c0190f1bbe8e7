//! Who made whom among the processes that were there before the probe.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{cgroup, target::Target};
use crate::{
    run::{clock::monotonic_ns, process_cgroups, process_status::ProcessStatus},
    syscall::event::{Comm, Event, EventKind, ServiceId, ThreadKey},
};

/// A fork for each process whose parent is watched as well, as if it were made now, of a parent
/// whose start is not known. `watched` tells whether a process is.
pub(super) fn of(service: ServiceId, watched: impl Fn(u32) -> bool) -> Vec<Event> {
    let mut watched: Vec<u32> = processes().filter(|&pid| watched(pid)).collect();
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
            service,
            time_ns,
            kind: EventKind::Fork {
                child_tgid: child,
                child_tid: child,
            },
        })
    };
    watched.iter().filter_map(fork).collect()
}

/// All processes that are there, but for the monitor.
pub(super) fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let me = std::process::id();
    pids.filter(move |&pid| pid != me)
}

/// Whether a process is of a target that is told by what processes are.
pub(super) fn fits(target: &Target, pid: u32) -> bool {
    match target {
        Target::Processes(pids) => pids.contains(&pid),
        Target::Comm(comm) => {
            let threads = fs::read_dir(format!("/proc/{pid}/task"));
            let names = threads.into_iter().flatten().flatten();
            let mut names = names.filter_map(|thread| read_name(&thread.path().join("comm")));
            names.any(|name| name == *comm)
        }
        Target::Uid(uid) => {
            let real = ProcessStatus::read(pid).and_then(|it| it.number("Uid", 0));
            real == Some(*uid)
        }
        // Its member list would leave out the groups below.
        Target::Cgroup(path) => {
            let mounts = cgroup::mounts().unwrap_or_default();
            let places = mounts.into_iter().map(|mount| mount.place);
            in_cgroup(pid, path, &places.collect::<Vec<_>>())
        }
        Target::All => true,
    }
}

fn in_cgroup(pid: u32, wanted: &Path, hierarchies: &[PathBuf]) -> bool {
    let Ok(groups) = fs::read(format!("/proc/{pid}/cgroup")) else {
        return false;
    };
    let path = process_cgroups::unified(&groups).and_then(|path| path.strip_prefix("/").ok());
    let Some(path) = path else {
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
    let parent = ProcessStatus::read(pid)?.number("PPid", 0);
    parent.filter(|&parent| parent > 0)
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
    use super::{fits, name, of};
    use crate::{
        live::target::Target,
        syscall::event::{Comm, EventKind, ServiceId},
    };

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
        let events = of(ServiceId(3), |pid| pid == parent || pid == child);
        // SAFETY: neither was waited for, so both numbers are still theirs.
        unsafe {
            libc::kill(child as libc::pid_t, libc::SIGKILL);
        }
        shell.wait().expect("a child");
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].thread.tgid, parent);
        assert_eq!(events[0].comm.to_string(), "sh");
        assert_eq!(events[0].service, ServiceId(3));
        let fork = EventKind::Fork {
            child_tgid: child,
            child_tid: child,
        };
        assert_eq!(events[0].kind, fork);
    }
}
