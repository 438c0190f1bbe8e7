//! What the probe reads of a task.
//!
//! Offsets come from the running kernel's BTF, in [`crate::setting::LAYOUT`]: Rust's BPF target has
//! no CO-RE relocations.

mod cgroup;

mod child;

mod running;

mod visible;

use aya_ebpf::helpers::{bpf_get_current_pid_tgid, bpf_get_current_task};

use crate::{Error, kernel::read, setting::setting};

pub use self::{cgroup::Cgroup, child::Child, running::Running};

/// A `struct task_struct *`.
#[derive(Clone, Copy)]
pub struct Task(u64);

/// A task's ids.
#[derive(Clone, Copy)]
pub struct Ids {
    pub tgid: u32,
    pub tid: u32,
}

impl Task {
    /// The running task.
    #[inline(always)]
    pub fn current() -> Self {
        // SAFETY: the helper has no precondition.
        Self(unsafe { bpf_get_current_task() })
    }

    /// A task from a tracepoint's argument.
    #[inline(always)]
    pub fn from_argument(pointer: u64) -> Self {
        Self(pointer)
    }

    /// Where its structure is.
    #[inline(always)]
    pub const fn address(self) -> u64 {
        self.0
    }

    /// Ids in the initial pid namespace.
    #[inline(always)]
    pub fn ids(self) -> Result<Ids, Error> {
        Ok(Ids {
            tgid: read(self.0, setting!(LAYOUT.task_tgid))?,
            tid: read(self.0, setting!(LAYOUT.task_pid))?,
        })
    }

    /// When it started, nanoseconds since boot.
    #[inline(always)]
    pub fn start_ns(self) -> Result<u64, Error> {
        read(self.0, setting!(LAYOUT.task_start))
    }

    /// Whether its thread group has no live thread left.
    #[inline(always)]
    pub fn is_last_of_its_group(self) -> Result<bool, Error> {
        let signal: u64 = read(self.0, setting!(LAYOUT.task_signal))?;
        let live: i32 = read(signal, setting!(LAYOUT.signal_live))?;
        Ok(live <= 0)
    }

    /// Who made it, or who took it over since.
    #[inline(always)]
    pub fn parent(self) -> Result<Self, Error> {
        read(self.0, setting!(LAYOUT.task_real_parent)).map(Self)
    }

    /// Where its mount namespace is.
    #[inline(always)]
    pub fn mount_namespace(self) -> Result<u64, Error> {
        let all: u64 = read(self.0, setting!(LAYOUT.task_namespaces))?;
        read(all, setting!(LAYOUT.namespaces_mount))
    }
}

/// The ids of the running task in the initial pid namespace.
#[inline(always)]
pub fn current_ids() -> Ids {
    let both = bpf_get_current_pid_tgid();
    Ids {
        tgid: (both >> 32) as u32,
        tid: both as u32,
    }
}
