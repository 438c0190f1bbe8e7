//! What a tracepoint says of its event: arguments of the raw one, fields of the perf one's record.

use core::ffi::c_void;

use aya_ebpf::{
    EbpfContext as _,
    helpers::generated::bpf_probe_read_kernel,
    programs::{RawTracePointContext, TracePointContext},
};

use monitor_common::touch::MEMORY;

use crate::{
    Error,
    setting::{argument_words, setting},
    task::{Cgroup, Child, Ids, Task, current_ids},
};

/// Six arguments, and two words that are 0: an index in bounds is had by a mask.
pub type Arguments = [u64; 8];

/// What is read of a process's memory at a time.
pub type Memory = [u64; MEMORY / 8];

/// A thread enters the kernel for a system call.
pub trait Entry {
    /// The call's number, as the thread gave it.
    fn number(&self) -> u32;

    /// Writes the six arguments of a call of this ABI; `memory` is free to be used for it.
    fn arguments(
        &self,
        abi_tag: u8,
        arguments: &mut Arguments,
        memory: &mut Memory,
    ) -> Result<(), Error>;
}

/// A thread made a task. In the maker's context, before the new task runs.
pub trait Fork {
    /// What is known of the new task.
    fn child(&self) -> Result<Child, Error>;
}

/// A thread runs another program.
pub trait Exec {
    /// The thread's id before, in the initial pid namespace.
    fn old_tid(&self) -> Result<u32, Error>;
}

/// A cgroup is new or gone.
pub trait CgroupEvent {
    /// The id of its hierarchy: 0 for version 2.
    fn hierarchy(&self) -> Result<u32, Error>;
    /// The id of the cgroup.
    fn id(&self) -> Result<u64, Error>;
    /// Where its path is, in kernel memory.
    fn path(&self) -> Result<u64, Error>;
}

// `struct pt_regs *regs, long id` (include/trace/events/syscalls.h).
impl Entry for RawTracePointContext {
    #[inline(always)]
    fn number(&self) -> u32 {
        self.arg::<u64>(1) as u32
    }

    #[inline(always)]
    fn arguments(
        &self,
        abi_tag: u8,
        arguments: &mut Arguments,
        memory: &mut Memory,
    ) -> Result<(), Error> {
        let is_compat = u32::from(abi_tag) == setting!(LAYOUT.compat_abi);
        // All registers at once, where memory is read later.
        // SAFETY: the buffer is longer than that; the helper checks the address itself.
        let status = unsafe {
            bpf_probe_read_kernel(
                memory.as_mut_ptr().cast(),
                8 * REGISTERS,
                self.arg::<u64>(0) as *const c_void,
            )
        };
        if status != 0 {
            return Err(Error::Unreadable);
        }
        // The upper halves of a compat task's registers are not its own.
        let bits = if is_compat { 0xffff_ffff } else { u64::MAX };
        let words = argument_words(is_compat);
        for (place, argument) in arguments.iter_mut().enumerate().take(6) {
            let word = (words >> (8 * place) & 0x1f) as usize;
            *argument = memory[word] & bits;
        }
        Ok(())
    }
}

/// Words of `struct pt_regs` up to the last of an argument: 15 on x86-64, six on aarch64, where
/// more follow.
const REGISTERS: u32 = 15;

// `struct task_struct *parent, struct task_struct *child` (include/trace/events/sched.h).
impl Fork for RawTracePointContext {
    #[inline(always)]
    fn child(&self) -> Result<Child, Error> {
        let task = Task::from_argument(self.arg(1));
        Ok(Child {
            ids: task.ids()?,
            task: Some(task),
        })
    }
}

// `struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm` (the same file).
impl Exec for RawTracePointContext {
    #[inline(always)]
    fn old_tid(&self) -> Result<u32, Error> {
        Ok(self.arg::<u64>(1) as u32)
    }
}

// `struct syscall_trace_enter` without its arguments: `trace_entry` has 8 bytes
// (include/linux/trace_events.h).
const SYSCALL_NUMBER: usize = 8;
// The arguments behind the number, `unsigned long` each.
const SYSCALL_ARGUMENTS: usize = 16;

impl Entry for TracePointContext {
    #[inline(always)]
    fn number(&self) -> u32 {
        // SAFETY: the record is longer; the verifier lets the program read it at offsets that are
        // constants of its own.
        unsafe {
            self.as_ptr()
                .byte_add(SYSCALL_NUMBER)
                .cast::<u32>()
                .read_volatile()
        }
    }

    #[inline(always)]
    fn arguments(
        &self,
        _abi_tag: u8,
        arguments: &mut Arguments,
        _memory: &mut Memory,
    ) -> Result<(), Error> {
        for (place, argument) in arguments.iter_mut().enumerate().take(6) {
            // SAFETY: the record has six arguments; read as the number is.
            *argument = unsafe {
                self.as_ptr()
                    .byte_add(SYSCALL_ARGUMENTS + 8 * place)
                    .cast::<u64>()
                    .read_volatile()
            };
        }
        Ok(())
    }
}

// `CLONE_THREAD` of include/uapi/linux/sched.h.
const CLONE_THREAD: u32 = 0x0001_0000;

// By `task_newtask` (include/trace/events/task.h): `sched_process_fork` does not say whether the
// task is a thread.
impl Fork for TracePointContext {
    #[inline(always)]
    fn child(&self) -> Result<Child, Error> {
        let tid = word(self, setting!(LAYOUT.newtask_pid))?;
        // The low half of `unsigned long`: both architectures are little-endian.
        let is_thread = word(self, setting!(LAYOUT.newtask_flags))? & CLONE_THREAD != 0;
        let tgid = if is_thread { current_ids().tgid } else { tid };
        Ok(Child {
            ids: Ids { tgid, tid },
            task: None,
        })
    }
}

impl Exec for TracePointContext {
    #[inline(always)]
    fn old_tid(&self) -> Result<u32, Error> {
        word(self, setting!(LAYOUT.exec_old_pid))
    }
}

// `struct cgroup *cgrp, const char *path` (include/trace/events/cgroup.h).
impl CgroupEvent for RawTracePointContext {
    #[inline(always)]
    fn hierarchy(&self) -> Result<u32, Error> {
        Cgroup::from_argument(self.arg(0)).hierarchy()
    }

    #[inline(always)]
    fn id(&self) -> Result<u64, Error> {
        Cgroup::from_argument(self.arg(0)).id()
    }

    #[inline(always)]
    fn path(&self) -> Result<u64, Error> {
        Ok(self.arg(1))
    }
}

impl CgroupEvent for TracePointContext {
    #[inline(always)]
    fn hierarchy(&self) -> Result<u32, Error> {
        word(self, setting!(LAYOUT.cgroup_record_root))
    }

    #[inline(always)]
    fn id(&self) -> Result<u64, Error> {
        let offset = setting!(LAYOUT.cgroup_record_id) as usize;
        // SAFETY: the helper checks the address itself.
        unsafe { self.read_at(offset) }.map_err(|_| Error::Unreadable)
    }

    // The low half of a `__data_loc` is where the text stands in the record.
    #[inline(always)]
    fn path(&self) -> Result<u64, Error> {
        let place = word(self, setting!(LAYOUT.cgroup_record_path))?;
        Ok(self.as_ptr() as u64 + u64::from(place & 0xffff))
    }
}

#[inline(always)]
fn word(ctx: &TracePointContext, offset: u32) -> Result<u32, Error> {
    // SAFETY: the helper checks the address itself.
    unsafe { ctx.read_at(offset as usize) }.map_err(|_| Error::Unreadable)
}
