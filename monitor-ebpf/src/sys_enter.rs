//! A thread enters the kernel for a system call.

use aya_ebpf::programs::RawTracePointContext;

use crate::{
    Error, filter,
    task::{self, Running},
    window,
};

/// Arguments of the tracepoint: `struct pt_regs *regs, long id` (include/trace/events/syscalls.h).
#[inline(always)]
pub fn entered(ctx: &RawTracePointContext) -> Result<(), Error> {
    let task = Running::task();
    let ids = task.ids();
    if !filter::watches(ids)? {
        return Ok(());
    }
    let number = ctx.arg::<u64>(1) as u32;
    // A tracer or a seccomp filter skips a call by making its number −1; only the low half is −1
    // for a compat task, and as an x32 number it would lose its meaning.
    if number == u32::MAX {
        return Ok(());
    }
    let (abi_tag, number) = task::abi(task, number)?;
    window::push(window::of_current(ctx, ids)?, number, abi_tag);
    Ok(())
}
