//! Which calls tell how they went: a few, by the tracepoint of their return.
//!
//! A program on the raw tracepoint `sys_exit` would run for every call of the host. A tracepoint of
//! a single call costs the others a look at a bit (`perf_syscall_exit`,
//! kernel/trace/trace_syscalls.c). The kernel has them for calls of its native table only, where it
//! was built with `CONFIG_FTRACE_SYSCALLS`.
//!
//! Each is waited for at the end: `perf_trace_event_unreg` (kernel/trace/trace_event_perf.c) waits
//! for two grace periods of RCU under `event_mutex`, so the waits do not overlap. That took 130 ms
//! each on an idle machine, 5.2 s for forty calls.

use std::{ffi::CString, io};

use super::touch::Details;
use super::tracefs::Tracefs;
use crate::syscall::table;

/// The calls: opening and connecting, whose refusal is the most that outcomes tell, and running a
/// program, each by every call that does it. `open` is what musl makes in the place of `openat`;
/// `openat2` is there since Linux 5.6.
const CALLS: [&str; 7] = [
    "openat", "open", "openat2", "creat", "connect", "execve", "execveat",
];

/// The tracepoints of such calls.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcomes(Vec<(&'static str, u64)>);

impl Outcomes {
    /// Those that the running kernel has.
    ///
    /// # Errors
    ///
    /// When tracefs is not accessible, with the remedy.
    pub(super) fn of_kernel() -> io::Result<Self> {
        let tracefs = Tracefs::open()?;
        let found = CALLS.into_iter().filter_map(|name| {
            let file = format!("events/syscalls/sys_exit_{name}/id");
            let id = tracefs.id(&CString::new(file).ok()?).ok()?;
            Some((name, id))
        });
        Ok(Self(found.collect()))
    }

    /// Those that a run has which reads this much; none where the kernel does not tell, which
    /// `monitor doctor` says.
    pub(super) fn find(details: Details) -> Self {
        if details != Details::Full {
            return Self::default();
        }
        Self::of_kernel().unwrap_or_else(|error| {
            log::info!("how calls went is not known: {error}");
            Self::default()
        })
    }

    /// Names of calls and ids of the tracepoints of their returns.
    pub(super) fn tracepoints(&self) -> &[(&'static str, u64)] {
        &self.0
    }

    /// Those calls of the native table that have none.
    pub(super) fn missing(&self) -> impl Iterator<Item = &'static str> {
        let native = |name: &&str| table::number(table::host(), name).is_some();
        let missing = CALLS.into_iter().filter(native);
        missing.filter(|name| !self.has(name))
    }

    /// Whether the call of this name of the native table tells.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|&(it, _)| it == name)
    }
}

#[cfg(test)]
mod needs_root {
    use super::{Details, Outcomes, table};

    #[test]
    #[ignore = "needs root"]
    fn opening_connecting_and_running_have_tracepoints_and_busy_calls_are_left_alone() {
        let outcomes = Outcomes::find(Details::Full);
        for name in ["openat", "connect", "execve", "execveat"] {
            assert!(outcomes.has(name), "{name}");
        }
        // Before Linux 5.6 there is one call less.
        let missing: Vec<_> = outcomes.missing().collect();
        assert!(missing.is_empty() || missing == ["openat2"], "{missing:?}");
        for name in ["mmap", "read", "sendto", "fcntl"] {
            assert!(!outcomes.has(name), "{name}");
        }
        let none = Outcomes::find(Details::Classes);
        assert!(none.tracepoints().is_empty());
        let missing: Vec<_> = none.missing().collect();
        assert!(missing.contains(&"openat2"), "{missing:?}");
        // Of machines whose native table is younger.
        let has_open = table::number(table::host(), "open").is_some();
        assert_eq!(missing.contains(&"open"), has_open);
        assert!(Outcomes::find(Details::Off).tracepoints().is_empty());
    }
}
