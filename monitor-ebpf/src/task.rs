//! What the probe reads of a task.
//!
//! Offsets come from the running kernel's BTF, in [`crate::setting::LAYOUT`]: Rust's BPF target has
//! no CO-RE relocations.

use aya_ebpf::helpers::{
    bpf_get_current_task, bpf_probe_read_kernel, generated::bpf_get_current_task_btf,
};
use monitor_common::abi::Abi;

use crate::{Error, setting::setting};

/// A `struct task_struct *`.
#[derive(Clone, Copy)]
pub struct Task(u64);

/// A task's ids.
#[derive(Clone, Copy)]
pub struct Ids {
    pub tgid: u32,
    pub tid: u32,
}

// Deeper nesting than this is refused by the kernel (`MAX_PID_NS_LEVEL`, include/linux/pid_namespace.h).
const PID_NAMESPACE_LEVELS: u32 = 32;

#[inline(always)]
fn read<T>(base: u64, offset: u32) -> Result<T, Error> {
    // SAFETY: the helper checks the address itself and fails where nothing is mapped.
    unsafe { bpf_probe_read_kernel((base + offset as u64) as *const T) }
        .map_err(|_| Error::Unreadable)
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

    /// The word of the running task that tells a compat call.
    ///
    /// This is read with every call. Where the kernel has the helper (Linux 5.11), the verifier knows the type of what it gives
    /// and lets the program read it by itself; the offset is constant by then.
    #[inline(always)]
    pub fn compat_word() -> Result<u32, Error> {
        let offset = setting!(LAYOUT.task_compat);
        if setting!(LAYOUT.typed_task) == 0 {
            return read(Self::current().0, offset);
        }
        // SAFETY: the helper has no precondition, and gives the running task, whose memory is readable at
        // this offset; the kernel's BTF is where the offset is from, and the verifier checks it.
        Ok(unsafe {
            let task = bpf_get_current_task_btf().cast::<u8>();
            core::ptr::read_volatile(task.add(offset as usize).cast())
        })
    }

    /// Ids as the monitor's pid namespace has them; those of the initial one where the task is not
    /// visible there.
    #[inline(always)]
    pub fn visible_ids(self, initial: Ids) -> Result<Ids, Error> {
        if setting!(FILTER.pid_namespace) == 0 {
            return Ok(initial);
        }
        Ok(Ids {
            tgid: self.visible_tgid()?.unwrap_or(initial.tgid),
            tid: self.visible_tid()?.unwrap_or(initial.tid),
        })
    }

    /// The tgid in the monitor's pid namespace, which is not the initial one; `None` where the task
    /// is not visible there.
    #[inline(always)]
    pub fn visible_tgid(self) -> Result<Option<u32>, Error> {
        let leader: u64 = read(self.0, setting!(LAYOUT.task_leader))?;
        Self(leader).visible_tid()
    }

    #[inline(never)]
    fn visible_tid(self) -> Result<Option<u32>, Error> {
        let wanted = setting!(FILTER.pid_namespace);
        let pid: u64 = read(self.0, setting!(LAYOUT.task_thread_pid))?;
        let level: u32 = read(pid, setting!(LAYOUT.pid_level))?;
        for at in 0..=PID_NAMESPACE_LEVELS {
            if at > level {
                break;
            }
            let upid =
                pid + (setting!(LAYOUT.pid_numbers) + at * setting!(LAYOUT.upid_size)) as u64;
            let namespace: u64 = read(upid, setting!(LAYOUT.upid_ns))?;
            let inum: u32 = read(namespace, setting!(LAYOUT.namespace_inum))?;
            if inum == wanted {
                return read(upid, setting!(LAYOUT.upid_nr)).map(Some);
            }
        }
        Ok(None)
    }
}

/// The ABI of the call that the running task makes, as a tag, and its number in that table.
///
/// From 64-bit code `int 0x80` uses the 32-bit table too, so the code segment does not tell; the
/// kernel sets the compat status in both cases (`do_int80_emulation` in
/// arch/x86/entry/syscall_32.c).
#[inline(always)]
pub fn abi(number: u32) -> Result<(u8, u32), Error> {
    if Task::compat_word()? & setting!(LAYOUT.compat_mask) != 0 {
        return Ok((setting!(LAYOUT.compat_abi) as u8, number));
    }
    let x32 = setting!(LAYOUT.x32_bit);
    if number & x32 != 0 {
        return Ok((Abi::X32.tag(), number & !x32));
    }
    Ok((setting!(LAYOUT.native_abi) as u8, number))
}
