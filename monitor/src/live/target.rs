//! Whom to watch, as the user named it and as the probe wants it.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use monitor_common::target::{Admission, Filter, NESTED, name_words};
use procfs::{ProcResult, process::Process};

use crate::{
    run::process_status::ProcessStatus,
    syscall::event::{Comm, ServiceId},
};

/// Whom to watch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Target {
    /// These processes, by tgid in the monitor's own pid namespace.
    Processes(Vec<u32>),
    /// Processes with a thread of this name.
    Comm(Comm),
    /// Processes with a thread that runs with this real user id.
    Uid(u32),
    /// Processes with a thread in this version 2 cgroup or below it.
    Cgroup(PathBuf),
    /// Everything but the monitor.
    All,
}

/// A target that cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No such process.
    #[error("there is no process {0}: list the running ones with ps")]
    NoProcess(u32),
    /// A thread that does not lead its group.
    #[error(
        "{tid} is a thread of process {tgid}, not a process: use --pid {tgid}, which watches all \
         its threads"
    )]
    Thread {
        /// What was asked for.
        tid: u32,
        /// The process that it belongs to.
        tgid: u32,
    },
    /// The monitor's own.
    #[error("process {0} is this monitor itself, which is never watched: name another")]
    Myself(u32),
    /// Not below a version 2 cgroup mount.
    #[error(
        "{0} is no cgroup of version 2: name a directory below the cgroup2 mount (findmnt -t \
         cgroup2)"
    )]
    NoCgroup(PathBuf),
    /// Nothing is there, neither as a directory nor below a version 2 cgroup mount.
    #[error("there is no cgroup {0}: systemd-cgls lists those that there are")]
    MissingCgroup(PathBuf),
    /// A thread of the kernel.
    #[error("process {0} is a thread of the kernel and makes no system calls: name another")]
    KernelThread(u32),
    /// Something that `/proc` should have.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// Of the file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

// `PROC_PID_INIT_INO`, include/linux/proc_ns.h.
const INITIAL_PID_NAMESPACE: u64 = 0xEFFF_FFFC;
// `PF_KTHREAD`, include/linux/sched.h.
const KERNEL_THREAD: u32 = 0x0020_0000;

/// The filter that watches `target`, without its sizes and levels of waking.
///
/// # Errors
///
/// When `/proc` cannot be read.
pub fn filter(
    target: &Target,
    follow: bool,
    service: ServiceId,
    wake_bytes: u32,
) -> Result<Filter, TargetError> {
    let namespace = own_pid_namespace()?;
    let nested = namespace != INITIAL_PID_NAMESPACE;
    let me = std::process::id();
    let mut filter = Filter {
        admission: Admission::Listed as u32,
        self_tgid: if nested { 0 } else { me },
        self_namespace_tgid: me,
        uid: 0,
        service: service.0,
        follow: follow.into(),
        pid_namespace: if nested { namespace as u32 } else { 0 },
        wake_bytes,
        by_cgroup: 0,
        shared: 0,
        comm: [0; 2],
    };
    match target {
        Target::Processes(_) => {}
        Target::Comm(comm) => {
            filter.admission = Admission::Comm as u32;
            filter.comm = name_words(&comm.0);
        }
        Target::Uid(uid) => {
            filter.admission = Admission::Uid as u32;
            filter.uid = *uid;
        }
        Target::Cgroup(_) => {
            filter.admission = Admission::Cgroup as u32;
            filter.by_cgroup = 1;
        }
        Target::All => filter.admission = Admission::All as u32,
    }
    if nested {
        filter.admission += NESTED;
    }
    Ok(filter)
}

fn own_pid_namespace() -> Result<u64, TargetError> {
    let path = Path::new("/proc/self/ns/pid");
    let metadata = fs::metadata(path);
    metadata
        .map(|it| it.ino())
        .map_err(|error| TargetError::Unreadable {
            path: path.into(),
            error,
        })
}

/// Whether `pid` can be watched: a process, and not the monitor.
///
/// # Errors
///
/// [`TargetError::NoProcess`], [`TargetError::Thread`], [`TargetError::Myself`].
pub fn check_process(pid: u32) -> Result<(), TargetError> {
    let status = ProcessStatus::read(pid).ok_or(TargetError::NoProcess(pid))?;
    // A zombie's end has been seen already: it makes no call any more.
    // A leader that ended before its threads is one too, but its process lives.
    let state = status.field("State");
    let ended = state.is_none_or(|state| state.starts_with(['Z', 'X']));
    if ended
        && status
            .number("Threads", 0)
            .is_none_or(|threads| threads <= 1)
    {
        return Err(TargetError::NoProcess(pid));
    }
    match status.number("Tgid", 0) {
        Some(tgid) if tgid != pid => Err(TargetError::Thread { tid: pid, tgid }),
        Some(_) if pid == std::process::id() => Err(TargetError::Myself(pid)),
        Some(_) if is_kernel_thread(pid) => Err(TargetError::KernelThread(pid)),
        Some(_) => Ok(()),
        None => Err(TargetError::NoProcess(pid)),
    }
}

/// The children that the threads of `pid` have now.
#[must_use]
pub fn children(pid: u32) -> Vec<u32> {
    // A process or thread that ends meanwhile has no children to follow.
    let Ok(threads) = process(pid).and_then(|it| it.tasks()) else {
        return Vec::new();
    };
    let lists = threads.flatten().filter_map(|it| it.children().ok());
    lists.flatten().collect()
}

fn is_kernel_thread(pid: u32) -> bool {
    let stat = process(pid).and_then(|it| it.stat());
    stat.is_ok_and(|it| it.flags & KERNEL_THREAD != 0)
}

fn process(pid: u32) -> ProcResult<Process> {
    Process::new(pid.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::{TargetError, check_process, children, is_kernel_thread};

    #[test]
    fn a_thread_and_a_missing_process_are_told_apart() {
        let (send, receive) = std::sync::mpsc::channel();
        let (end, wait) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            // SAFETY: gettid has no precondition.
            send.send(unsafe { libc::gettid() } as u32)
                .expect("the test waits");
            let _ = wait.recv();
        });
        let tid = receive.recv().expect("sent");
        let me = std::process::id();
        let refusal = check_process(tid).expect_err("a thread");
        assert!(
            matches!(refusal, TargetError::Thread { tgid, .. } if tgid == me),
            "{refusal}"
        );
        drop(end);
        thread.join().expect("ends");
        assert!(matches!(check_process(me), Err(TargetError::Myself(_))));
        // Beyond PID_MAX_LIMIT (include/linux/threads.h).
        assert!(matches!(
            check_process(1 << 22),
            Err(TargetError::NoProcess(_))
        ));
    }

    #[test]
    fn a_child_is_found_under_the_thread_that_made_it() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .expect("sleep");
        let found = children(std::process::id());
        child.kill().expect("running");
        child.wait().expect("a child");
        assert!(found.contains(&child.id()), "{found:?}");
    }

    #[test]
    fn a_thread_of_the_kernel_is_refused() {
        // kthreadd, where this pid namespace shows it.
        if !is_kernel_thread(2) {
            eprintln!("skipped: no thread of the kernel is visible here");
            return;
        }
        assert!(matches!(
            check_process(2),
            Err(TargetError::KernelThread(2))
        ));
        assert!(!is_kernel_thread(std::process::id()));
    }
}
