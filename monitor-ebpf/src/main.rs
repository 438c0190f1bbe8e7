//! The probe: gathers the system calls of watched threads in the kernel and sends them by windows.
//!
//! This file holds the attach points and the one place where an error is counted.
//!
//! Each event has two programs, of which one is loaded: on the raw tracepoint, which costs less, or
//! on the perf tracepoint. Up to Linux 7.1 the programs of both run with preemption off
//! (`__DO_TRACE_CALL` of include/linux/tracepoint.h). From 7.2 on those of raw tracepoints can be
//! preempted (include/trace/bpf_probe.h), while perf tracepoints keep preemption off
//! (include/trace/perf.h). The kernel then skips a program for all other threads of the CPU until
//! the preempted thread has gone on (`bpf_prog_get_recursion_context`, include/linux/bpf.h).
//!
//! Nothing in the probe relies on either: while one program is preempted, another of them may run
//! on the same CPU. What is per CPU is only added to, atomically, and there is no scratch memory.
#![no_std]
#![no_main]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]
// The attribute macro puts the entry point it generates outside of the documented function.
#![allow(missing_docs)]

mod record;

mod sys_enter;

mod io_uring;

mod lifecycle;

mod cgroup;

mod filter;

mod cgroup_service;

mod service;

mod task;

mod kernel;

mod window;

mod slot;

mod touch;

mod ring;

mod share;

mod loss;

mod setting;

mod atomic;

use aya_ebpf::{
    macros::{raw_tracepoint, tracepoint},
    programs::{RawTracePointContext, TracePointContext},
};
use monitor_common::{loss::Loss, record::Cause};

/// Why a tracepoint's visit ended without its work done.
#[derive(Clone, Copy)]
pub enum Error {
    /// A field of a kernel structure could not be read.
    Unreadable,
    /// A table is full; whoever found it so has counted that.
    NoRoom,
}

// The kernel ignores what these programs return.
fn finish(result: Result<(), Error>, unreadable: Loss) -> i32 {
    if let Err(Error::Unreadable) = result {
        loss::count(unreadable, 1);
    }
    0
}

/// A thread enters the kernel for a system call.
#[raw_tracepoint(tracepoint = "sys_enter")]
pub fn sys_enter(ctx: RawTracePointContext) -> i32 {
    finish(sys_enter::entered(&ctx), Loss::CallUnreadable)
}

/// A thread made a task: a thread of its own process, or a process.
#[raw_tracepoint(tracepoint = "sched_process_fork")]
pub fn sched_process_fork(ctx: RawTracePointContext) -> i32 {
    finish(lifecycle::forked(&ctx), Loss::LifecycleUnreadable)
}

/// A thread runs another program now.
#[raw_tracepoint(tracepoint = "sched_process_exec")]
pub fn sched_process_exec(ctx: RawTracePointContext) -> i32 {
    finish(lifecycle::executed(&ctx), Loss::LifecycleUnreadable)
}

/// A thread ends.
#[raw_tracepoint(tracepoint = "sched_process_exit")]
pub fn sched_process_exit(_ctx: RawTracePointContext) -> i32 {
    finish(lifecycle::exited(), Loss::LifecycleUnreadable)
}

/// A cgroup is new.
#[raw_tracepoint(tracepoint = "cgroup_mkdir")]
pub fn cgroup_mkdir(ctx: RawTracePointContext) -> i32 {
    finish(
        cgroup::changed(&ctx, Cause::CgroupMade),
        Loss::LifecycleUnreadable,
    )
}

/// A cgroup is gone.
#[raw_tracepoint(tracepoint = "cgroup_rmdir")]
pub fn cgroup_rmdir(ctx: RawTracePointContext) -> i32 {
    finish(
        cgroup::changed(&ctx, Cause::CgroupGone),
        Loss::LifecycleUnreadable,
    )
}

/// A process changed its cgroup.
#[raw_tracepoint(tracepoint = "cgroup_attach_task")]
pub fn cgroup_attach_task(_ctx: RawTracePointContext) -> i32 {
    filter::renew();
    0
}

/// The same as [`sys_enter`], where programs of raw tracepoints may be preempted.
#[tracepoint]
pub fn perf_sys_enter(ctx: TracePointContext) -> i32 {
    finish(sys_enter::entered(&ctx), Loss::CallUnreadable)
}

/// A thread submits an operation to io_uring.
#[tracepoint]
pub fn perf_io_uring(ctx: TracePointContext) -> i32 {
    finish(io_uring::submitted(&ctx), Loss::CallUnreadable)
}

/// A call returns, of those whose outcome is wanted.
#[tracepoint]
pub fn perf_sys_exit(ctx: TracePointContext) -> i32 {
    finish(touch::returned(&ctx), Loss::TouchUnreadable)
}

/// Takes the arguments of a call that count. Reached from [`sys_enter`] alone, as the four that
/// follow.
#[raw_tracepoint]
pub fn touch_arguments(ctx: RawTracePointContext) -> i32 {
    finish(touch::gather(&ctx), Loss::TouchUnreadable)
}

/// Reads a path that a call names.
#[raw_tracepoint]
pub fn touch_text(ctx: RawTracePointContext) -> i32 {
    finish(touch::text(&ctx), Loss::TouchUnreadable)
}

/// Reads a socket's address that a call names.
#[raw_tracepoint]
pub fn touch_address(ctx: RawTracePointContext) -> i32 {
    finish(touch::address(&ctx), Loss::TouchUnreadable)
}

/// Reads eight bytes that a call names.
#[raw_tracepoint]
pub fn touch_word(ctx: RawTracePointContext) -> i32 {
    finish(touch::word(&ctx), Loss::TouchUnreadable)
}

/// Sends what a call touches.
#[raw_tracepoint]
pub fn touch_send(ctx: RawTracePointContext) -> i32 {
    finish(touch::send(&ctx), Loss::TouchUnreadable)
}

/// The same as [`touch_arguments`], reached from programs of perf tracepoints.
#[tracepoint]
pub fn perf_touch_arguments(ctx: TracePointContext) -> i32 {
    finish(touch::gather(&ctx), Loss::TouchUnreadable)
}

/// The same as [`touch_text`], reached from programs of perf tracepoints.
#[tracepoint]
pub fn perf_touch_text(ctx: TracePointContext) -> i32 {
    finish(touch::text(&ctx), Loss::TouchUnreadable)
}

/// The same as [`touch_address`], reached from programs of perf tracepoints.
#[tracepoint]
pub fn perf_touch_address(ctx: TracePointContext) -> i32 {
    finish(touch::address(&ctx), Loss::TouchUnreadable)
}

/// The same as [`touch_word`], reached from programs of perf tracepoints.
#[tracepoint]
pub fn perf_touch_word(ctx: TracePointContext) -> i32 {
    finish(touch::word(&ctx), Loss::TouchUnreadable)
}

/// The same as [`touch_send`], reached from programs of perf tracepoints.
#[tracepoint]
pub fn perf_touch_send(ctx: TracePointContext) -> i32 {
    finish(touch::send(&ctx), Loss::TouchUnreadable)
}

/// The same as [`sched_process_fork`], by `task:task_newtask`.
#[tracepoint]
pub fn perf_task_newtask(ctx: TracePointContext) -> i32 {
    finish(lifecycle::forked(&ctx), Loss::LifecycleUnreadable)
}

/// The same as [`sched_process_exec`].
#[tracepoint]
pub fn perf_sched_process_exec(ctx: TracePointContext) -> i32 {
    finish(lifecycle::executed(&ctx), Loss::LifecycleUnreadable)
}

/// The same as [`sched_process_exit`].
#[tracepoint]
pub fn perf_sched_process_exit(_ctx: TracePointContext) -> i32 {
    finish(lifecycle::exited(), Loss::LifecycleUnreadable)
}

/// The same as [`cgroup_mkdir`].
#[tracepoint]
pub fn perf_cgroup_mkdir(ctx: TracePointContext) -> i32 {
    finish(
        cgroup::changed(&ctx, Cause::CgroupMade),
        Loss::LifecycleUnreadable,
    )
}

/// The same as [`cgroup_rmdir`].
#[tracepoint]
pub fn perf_cgroup_rmdir(ctx: TracePointContext) -> i32 {
    finish(
        cgroup::changed(&ctx, Cause::CgroupGone),
        Loss::LifecycleUnreadable,
    )
}

/// The same as [`cgroup_attach_task`].
#[tracepoint]
pub fn perf_cgroup_attach_task(_ctx: TracePointContext) -> i32 {
    filter::renew();
    0
}

// For the host the probe is only checked, with the standard library's panic handler.
#[cfg(not(target_arch = "bpf"))]
extern crate std;

#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Some helpers (`bpf_probe_read_kernel`) are open only to programs with a licence that the kernel
/// knows to be compatible with the GPL (`license_is_gpl_compatible`, include/linux/license.h).
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
