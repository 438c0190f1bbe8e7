//! What the monitor changes of its own limits and environment, so that a command gets what its user
//! gave it.

use std::ffi::{OsStr, OsString};
use std::sync::OnceLock;

use crate::model::runtime::telemetry_before;

/// The limit of locked memory as it was.
static LOCKED_MEMORY: OnceLock<libc::rlimit> = OnceLock::new();

/// Before Linux 5.11 maps count as locked memory, of which even root may have little.
pub(super) fn allow_locked_memory() {
    let mut before = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is to a live rlimit.
    if unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut before) } == 0 {
        LOCKED_MEMORY.get_or_init(|| before);
    }
    let unlimited = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the pointer is to a live rlimit. Where the limit may not be raised, newer kernels do
    // without, and older ones refuse the load with an error of their own.
    unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const unlimited) };
}

/// Gives this process the limits that the monitor was started with.
///
/// It makes system calls only and allocates nothing, so it may run between fork and exec.
pub(super) fn restore_limits() {
    if let Some(before) = LOCKED_MEMORY.get() {
        // SAFETY: the pointer is to a live rlimit. Lowering a limit cannot fail.
        unsafe { libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const *before) };
    }
}

/// The variables that the monitor set for itself, with what they were before.
pub(super) fn variables() -> impl Iterator<Item = (&'static OsStr, Option<OsString>)> {
    telemetry_before().into_iter()
}
