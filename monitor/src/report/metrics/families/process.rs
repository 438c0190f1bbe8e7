//! The monitor's own process.

use std::fmt;
use std::fs;

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
    let open = fs::read_dir("/proc/self/fd")
        .map(|it| it.count() as u64)
        .ok();
    family(encoder, "process_open_fds", "Open descriptors")
        .gauges(open.map(|it| (Labels::new(), it)))?;
    family(
        encoder,
        "process_start_time_seconds",
        "When this process began",
    )
    .gauges(start_time().map(|it| (Labels::new(), it)))
}

/// Seconds since 1970 (proc(5): field 22 of stat counts ticks since boot; btime of /proc/stat).
fn start_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let after_name = stat.rsplit_once(')')?.1;
    let ticks: f64 = after_name.split_whitespace().nth(19)?.parse().ok()?;
    // SAFETY: takes a number and gives one.
    let rate = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    let host = fs::read_to_string("/proc/stat").ok()?;
    let boot = host.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(boot.trim().parse::<f64>().ok()? + ticks / rate.max(1.0))
}
