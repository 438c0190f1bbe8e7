//! The probe: gathers the system calls of watched threads in the kernel and sends them by windows.
//!
//! This file holds the attach points and the one place where an error becomes a return code.
#![no_std]
#![no_main]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]
// The attribute macro puts the entry point it generates outside of the documented function.
#![allow(missing_docs)]

mod sys_enter;

mod lifecycle;

mod filter;

mod task;

mod window;

mod slot;

mod ring;

mod loss;

mod setting;

mod atomic;

use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};

/// Why a tracepoint's visit ended without its work done.
#[derive(Clone, Copy)]
pub enum Error {
    /// A field of a kernel structure could not be read.
    Unreadable,
    /// The thread table is full.
    NoRoom,
}

// The kernel ignores what a raw tracepoint program returns.
fn return_code(result: Result<(), Error>) -> i32 {
    match result {
        Ok(()) => 0,
        Err(Error::Unreadable) => 1,
        Err(Error::NoRoom) => 2,
    }
}

/// A thread enters the kernel for a system call.
#[raw_tracepoint(tracepoint = "sys_enter")]
pub fn sys_enter(ctx: RawTracePointContext) -> i32 {
    return_code(sys_enter::entered(&ctx))
}

/// A thread made a task: a thread of its own process, or a process.
#[raw_tracepoint(tracepoint = "sched_process_fork")]
pub fn sched_process_fork(ctx: RawTracePointContext) -> i32 {
    return_code(lifecycle::forked(&ctx))
}

/// A thread runs another program now.
#[raw_tracepoint(tracepoint = "sched_process_exec")]
pub fn sched_process_exec(ctx: RawTracePointContext) -> i32 {
    return_code(lifecycle::executed(&ctx))
}

/// A thread ends.
#[raw_tracepoint(tracepoint = "sched_process_exit")]
pub fn sched_process_exit(ctx: RawTracePointContext) -> i32 {
    return_code(lifecycle::exited(&ctx))
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
