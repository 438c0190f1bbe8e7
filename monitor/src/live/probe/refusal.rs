//! Why the kernel refused the probe.

use aya::EbpfError;
use monitor_common::record::Window;

use super::Sizes;
use crate::live::{
    error::ProbeError,
    preflight::{Host, charges_locked_memory},
};

/// Before Linux 5.11 what stands in the way may be the limit of locked memory.
pub(super) fn refusal(error: EbpfError, sizes: Sizes) -> ProbeError {
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    let mut is_refused = false;
    while let Some(at) = cause {
        let code = at.downcast_ref::<std::io::Error>();
        is_refused |= code.is_some_and(|code| code.raw_os_error() == Some(libc::EPERM));
        cause = at.source();
    }
    let limit = locked_memory();
    let is_charged = charges_locked_memory(&Host::read().release);
    if !is_refused || !is_charged || limit.rlim_cur == libc::RLIM_INFINITY {
        return error.into();
    }
    // The ring, the threads' windows in up to three tables, and the tables of processes and
    // cgroups.
    let windows = u64::from(sizes.max_threads) * Window::SIZE as u64 * 3;
    let need = u64::from(sizes.ring_bytes) + windows + (8 << 20);
    ProbeError::LockedMemory {
        need: need.div_ceil(1 << 20),
        limit: limit.rlim_cur >> 10,
    }
}

pub(super) fn locked_memory() -> libc::rlimit {
    let mut limit = libc::rlimit {
        rlim_cur: libc::RLIM_INFINITY,
        rlim_max: libc::RLIM_INFINITY,
    };
    // SAFETY: the pointer is to a live rlimit.
    unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    limit
}
