//! Whether this kernel and this user can do what the probe needs, before anything is loaded.

use std::{fs, io};

use super::btf::Btf;

/// What stands in the way, in one sentence with its remedy.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum PreflightError {
    /// Older than `BPF_MAP_TYPE_RINGBUF` and `CAP_BPF`.
    #[error(
        "kernel {0} is too old: watching live needs Linux 5.8 or newer; upgrade the kernel, or \
         replay a recording made elsewhere"
    )]
    OldKernel(String),
    /// `/proc` is that of another pid namespace.
    #[error(
        "/proc shows the processes of another pid namespace, so none can be named or followed: \
         mount your own (mount -t proc proc /proc), or start the monitor with unshare --mount-proc"
    )]
    ForeignProc,
    /// Neither root nor the two capabilities.
    #[error(
        "no permission to load BPF programs: run as root (sudo monitor …), or give the program \
         cap_bpf and cap_perfmon"
    )]
    NoPermission,
    /// Lockdown forbids `bpf_probe_read_kernel`.
    #[error(
        "the kernel is locked down in confidentiality mode, which forbids tracing: boot with \
         lockdown=integrity or less"
    )]
    Lockdown,
    /// No type information.
    #[error(
        "the kernel has no type information at /sys/kernel/btf/vmlinux: use a kernel built with \
         CONFIG_DEBUG_INFO_BTF=y"
    )]
    NoBtf,
    /// Type information that cannot be used.
    #[error("{0}: this kernel is not supported yet; please report its version")]
    UnusableBtf(String),
    /// No such tracepoint.
    #[error("the kernel has no tracepoint {0}: use a kernel built with CONFIG_FTRACE_SYSCALLS=y")]
    NoTracepoint(&'static str),
}

/// What the checks are made on.
pub struct Host {
    /// `uname -r`.
    pub release: String,
    /// Effective capabilities, as in `CapEff` of `/proc/self/status`.
    pub capabilities: u64,
    /// Content of `/sys/kernel/security/lockdown`, if there is one.
    pub lockdown: Option<String>,
    /// Which process `/proc/self` is, if any.
    pub proc_self: Option<u32>,
    /// Content of `/sys/kernel/btf/vmlinux`, if there is one.
    pub btf: Option<Vec<u8>>,
}

// include/uapi/linux/capability.h
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;
const CAP_BPF: u32 = 39;

const TRACEPOINTS: [(&str, &str); 4] = [
    ("sys_enter", "btf_trace_sys_enter"),
    ("sched_process_fork", "btf_trace_sched_process_fork"),
    ("sched_process_exec", "btf_trace_sched_process_exec"),
    ("sched_process_exit", "btf_trace_sched_process_exit"),
];

impl Host {
    /// Reads what there is on this host.
    #[must_use]
    pub fn read() -> Self {
        let read = |path: &str| fs::read_to_string(path);
        let status = read("/proc/self/status").unwrap_or_default();
        let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        Self {
            release: read("/proc/sys/kernel/osrelease")
                .unwrap_or_default()
                .trim()
                .to_owned(),
            capabilities: capabilities
                .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
                .unwrap_or(0),
            lockdown: read("/sys/kernel/security/lockdown").ok(),
            proc_self: fs::read_link("/proc/self")
                .ok()
                .and_then(|link| link.to_str()?.parse().ok()),
            btf: btf_bytes().ok(),
        }
    }

    /// The kernel's version: major and minor.
    #[must_use]
    pub fn version(&self) -> Option<(u32, u32)> {
        version(&self.release)
    }

    /// Whether the probe can be loaded: the kernel's type information when it can.
    ///
    /// # Errors
    ///
    /// The first thing that stands in the way.
    pub fn check(&self) -> Result<Btf, PreflightError> {
        self.check_release()?;
        self.check_proc()?;
        self.check_capabilities()?;
        self.check_lockdown()?;
        let bytes = self.btf.as_ref().ok_or(PreflightError::NoBtf)?;
        let btf =
            Btf::parse(bytes).map_err(|error| PreflightError::UnusableBtf(error.to_string()))?;
        Self::check_tracepoints(&btf)?;
        Ok(btf)
    }

    /// Whether the kernel is new enough.
    ///
    /// # Errors
    ///
    /// [`PreflightError::OldKernel`].
    pub fn check_release(&self) -> Result<(), PreflightError> {
        if version(&self.release).is_none_or(|version| version < (5, 8)) {
            return Err(PreflightError::OldKernel(
                self.release.escape_default().to_string(),
            ));
        }
        Ok(())
    }

    /// Whether this process may load programs.
    ///
    /// # Errors
    ///
    /// [`PreflightError::NoPermission`].
    pub fn check_capabilities(&self) -> Result<(), PreflightError> {
        let has = |capability: u32| self.capabilities >> capability & 1 == 1;
        if has(CAP_SYS_ADMIN) || has(CAP_BPF) && has(CAP_PERFMON) {
            Ok(())
        } else {
            Err(PreflightError::NoPermission)
        }
    }

    /// Whether `/proc` shows this process by its own number.
    ///
    /// # Errors
    ///
    /// [`PreflightError::ForeignProc`].
    pub fn check_proc(&self) -> Result<(), PreflightError> {
        if self.proc_self != Some(std::process::id()) {
            return Err(PreflightError::ForeignProc);
        }
        Ok(())
    }

    /// Whether tracing is locked down.
    ///
    /// # Errors
    ///
    /// [`PreflightError::Lockdown`].
    pub fn check_lockdown(&self) -> Result<(), PreflightError> {
        let modes = self.lockdown.as_deref().unwrap_or_default();
        if modes.contains("[confidentiality]") {
            return Err(PreflightError::Lockdown);
        }
        Ok(())
    }

    /// Whether the kernel has every tracepoint.
    ///
    /// # Errors
    ///
    /// [`PreflightError::NoTracepoint`].
    pub(super) fn check_tracepoints(btf: &Btf) -> Result<(), PreflightError> {
        for (tracepoint, typedef) in TRACEPOINTS {
            if !btf.has_typedef(typedef) {
                return Err(PreflightError::NoTracepoint(tracepoint));
            }
        }
        Ok(())
    }
}

fn btf_bytes() -> io::Result<Vec<u8>> {
    fs::read("/sys/kernel/btf/vmlinux")
}

/// Whether a kernel of this release charges maps to `RLIMIT_MEMLOCK`, as those before 5.11 do
/// (commit d5299b67dd59).
pub(super) fn charges_locked_memory(release: &str) -> bool {
    version(release).is_some_and(|it| it < (5, 11))
}

/// Major and minor number of a kernel's release.
pub(super) fn version(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests;
