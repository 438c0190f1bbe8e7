//! What a padded attack hides among: the service's own commonest sequences.
//!
//! After Wagner and Soto, "Mimicry attacks on host-based intrusion detection systems" (2002): the
//! same calls, made with arguments that have no effect. Only calls of a fixed list are taken, whose
//! use in the implant was looked through one by one; any other, above all what ends, waits, signals
//! or changes rights, is left out of the sequences.

use std::collections::HashMap;
use std::path::Path;
use std::sync::LazyLock;

use anyhow::{Context as _, Result};
use monitor::syscall::event::{Abi, Call, EventKind, ThreadKey};
use monitor::syscall::table;

/// Calls that do nothing with −1 as their first argument and zeros for the rest: a bad descriptor,
/// a bad address, an unaligned or an empty range, an invalid id. `brk`, `wait4` and `ppoll` have
/// arguments of their own in `implant/calls.c`.
const HARMLESS: &[&str] = &[
    "read",
    "write",
    "pread64",
    "pwrite64",
    "readv",
    "writev",
    "preadv",
    "pwritev",
    "close",
    "fstat",
    "stat",
    "lstat",
    "newfstatat",
    "statx",
    "lseek",
    "mmap",
    "mprotect",
    "munmap",
    "madvise",
    "mremap",
    "brk",
    "rt_sigprocmask",
    "rt_sigaction",
    "sigaltstack",
    "ioctl",
    "access",
    "faccessat",
    "faccessat2",
    "open",
    "openat",
    "readlink",
    "readlinkat",
    "getdents64",
    "getcwd",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "mkdir",
    "rmdir",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "fadvise64",
    "sync_file_range",
    "fcntl",
    "flock",
    "dup",
    "dup2",
    "dup3",
    "pipe2",
    "sched_yield",
    "getpid",
    "gettid",
    "getppid",
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getpgrp",
    "socket",
    "bind",
    "listen",
    "connect",
    "accept",
    "accept4",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "sendmmsg",
    "recvmmsg",
    "sendfile",
    "shutdown",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "poll",
    "ppoll",
    "select",
    "futex",
    "nanosleep",
    "clock_nanosleep",
    "clock_gettime",
    "gettimeofday",
    "time",
    "times",
    "getrandom",
    "getrusage",
    "sysinfo",
    "uname",
    "wait4",
    "semop",
    "semtimedop",
    "timerfd_settime",
    "io_getevents",
];

static NUMBERS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let numbers = HARMLESS
        .iter()
        .filter_map(|name| table::number(table::host(), name));
    numbers.collect()
});

/// Whether the implant may make this call of the host's own table as padding.
#[must_use]
pub fn is_harmless(number: u32) -> bool {
    NUMBERS.contains(&number)
}

/// The `most` commonest sequences of `order` calls in a recording, the commonest first, one after
/// the other.
///
/// Calls that are not harmless are left out first, so a sequence may join what had one of them
/// between. Threads are read apart; a gap parts a thread's sequences.
///
/// # Errors
///
/// The recording cannot be read, or it has no sequence of that length.
pub fn commonest(recording: &Path, order: usize, most: usize) -> Result<Vec<u32>> {
    let mut before: HashMap<ThreadKey, (u64, Vec<u32>)> = HashMap::new();
    let mut counts: HashMap<Vec<u32>, u64> = HashMap::new();
    let source = monitor::trace::open(recording, None)?;
    for event in source {
        let event = event?;
        let EventKind::Calls(stretch) = event.kind else {
            continue;
        };
        let (next, last) = before.entry(event.thread).or_default();
        if *next != stretch.first_seq {
            last.clear();
        }
        *next = stretch.first_seq + stretch.calls.len() as u64;
        for call in stretch.calls {
            if !is_usable(call) {
                continue;
            }
            last.push(call.number);
            if last.len() > order {
                last.remove(0);
            }
            if last.len() == order {
                match counts.get_mut(last.as_slice()) {
                    Some(count) => *count += 1,
                    None => drop(counts.insert(last.clone(), 1)),
                }
            }
        }
    }
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let pattern: Vec<u32> = ranked
        .into_iter()
        .take(most)
        .flat_map(|(calls, _)| calls)
        .collect();
    (!pattern.is_empty()).then_some(pattern).with_context(|| {
        format!(
            "{} has no {order} calls of one thread in a row to hide among; record the service \
             under load",
            recording.display()
        )
    })
}

fn is_usable(call: Call) -> bool {
    let native: Abi = table::host();
    call.abi == native && is_harmless(call.number)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use monitor::syscall::table;

    use super::{NUMBERS, commonest, is_harmless};

    fn number(name: &str) -> u32 {
        table::number(table::host(), name).expect("a call of this host")
    }

    #[test]
    fn nothing_that_ends_waits_signals_or_changes_rights_is_harmless() {
        assert!(NUMBERS.len() > 50);
        for name in [
            "exit",
            "exit_group",
            "clone",
            "execve",
            "kill",
            "tgkill",
            "rt_sigreturn",
            "setuid",
            "umask",
            "chdir",
            "reboot",
        ] {
            assert!(!is_harmless(number(name)), "{name}");
        }
    }

    #[test]
    fn the_commonest_sequence_comes_first_and_leaves_out_what_is_dangerous() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("names");
        let text = format!("getpid getppid {}", "read kill write ".repeat(20));
        fs::write(&path, text).expect("written");
        let pattern = commonest(&path, 2, 2).expect("a pattern");
        let [read, write] = ["read", "write"].map(number);
        assert_eq!(pattern, [read, write, write, read]);
    }
}
