//! The monitor's own process.

use std::fmt;

use procfs::process::Process;
use prometheus_client::encoding::DescriptorEncoder;

use super::family::{Labels, family, none};
use crate::run::memory::resident_bytes;
use crate::run::usage::cpu_time;

/// What Prometheus' own clients tell of their process.
pub(super) fn process(encoder: &mut DescriptorEncoder) -> fmt::Result {
    family(encoder, "process_cpu_seconds", "CPU time, user and system")
        .counters(none(cpu_time().as_secs_f64()))?;
    family(encoder, "process_resident_memory_bytes", "Resident memory")
        .gauges(resident_bytes().map(|it| (Labels::new(), it)))?;
    let open = Process::myself().and_then(|it| it.fd_count());
    family(encoder, "process_open_fds", "Open descriptors")
        .gauges(open.ok().map(|it| (Labels::new(), it as u64)))?;
    family(
        encoder,
        "process_start_time_seconds",
        "When this process began",
    )
    .gauges(start_time().map(|it| (Labels::new(), it)))
}

/// Seconds since 1970.
fn start_time() -> Option<f64> {
    let ticks = Process::myself().ok()?.stat().ok()?.starttime;
    let boot = procfs::boot_time_secs().ok()?;
    Some(boot as f64 + ticks as f64 / procfs::ticks_per_second() as f64)
}
