//! On what was measured.

use std::fs;

use anyhow::{Context as _, Result};
use nix::unistd::{SysconfVar, sysconf};
use serde::Serialize;

use crate::revision;

/// The machine, its kernel and when.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// The CPU's name.
    pub cpu: String,
    /// Logical CPUs.
    pub cpus: usize,
    /// Memory, GiB.
    pub memory_gib: f64,
    /// `uname -r`.
    pub kernel: String,
    /// Whether the CPU is a hypervisor's.
    pub virtual_machine: bool,
    /// The revision that was measured.
    pub revision: String,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn this() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let field = |name: &str| {
            let line = info.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(": "))
                .map_or("unknown", |(_, value)| value)
        };
        let amount = |what| sysconf(what).ok().flatten().unwrap_or(0) as f64;
        let bytes = amount(SysconfVar::_PHYS_PAGES) * amount(SysconfVar::PAGE_SIZE);
        Self {
            cpu: field("model name").to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, |it| it.get()),
            memory_gib: (bytes / f64::from(1 << 30) * 10.0).round() / 10.0,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            virtual_machine: field("flags").split(' ').any(|flag| flag == "hypervisor"),
            revision: revision::short(),
        }
    }

    /// In one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let kind = if self.virtual_machine {
            "a virtual machine"
        } else {
            "a machine"
        };
        format!(
            "{kind} with {} logical CPUs ({}) and {} GiB, Linux {}, revision {}",
            self.cpus, self.cpu, self.memory_gib, self.kernel, self.revision
        )
    }
}

/// Resident memory of a process, KiB (proc_pid_status(5)).
///
/// # Errors
/// It is gone.
pub fn resident_kib(pid: u32) -> Result<u64> {
    status_number(pid, "VmRSS")
}

/// A number in a process' status, in KiB where it is an amount of memory (proc_pid_status(5)).
///
/// # Errors
/// It is gone, or there is no such field.
pub fn status_number(pid: u32, field: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    number_of(&status, field).with_context(|| format!("{field} of process {pid}"))
}

fn number_of(status: &str, field: &str) -> Option<u64> {
    let values = status.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = values.into_iter().find(|(name, _)| *name == field)?;
    value.trim().trim_end_matches(" kB").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::number_of;

    #[test]
    fn amounts_and_counts_are_read_from_a_status() {
        let status = "Name:\tVmRSS: 3\nVmHWM:\t   40960 kB\nVmRSS:\t    3072 kB\nThreads:\t12\n";
        assert_eq!(number_of(status, "VmRSS"), Some(3072));
        assert_eq!(number_of(status, "VmHWM"), Some(40960));
        assert_eq!(number_of(status, "Threads"), Some(12));
        assert_eq!(number_of(status, "VmSwap"), None);
    }
}
