//! Processes and threads come, change their program, and go.

use aya_ebpf::{
    helpers::{bpf_get_current_comm, generated::bpf_ktime_get_boot_ns},
    programs::RawTracePointContext,
};
use aya_log_ebpf::debug;
use monitor_common::record::Cause;

use crate::{
    Error, filter,
    task::{Task, current_ids},
    window,
};

/// Arguments: `struct task_struct *parent, struct task_struct *child`. It fires for threads too, in
/// the parent's context and before the child runs, so that the child's first call is seen.
#[inline(always)]
pub fn forked(ctx: &RawTracePointContext) -> Result<(), Error> {
    let parent = current_ids();
    if !filter::watches(parent)? {
        return Ok(());
    }
    let child = Task::from_argument(ctx.arg(1));
    let ids = child.ids()?;
    if ids.tgid != parent.tgid && filter::follow(ids) {
        debug!(
            ctx,
            "process {} follows its parent {}", ids.tgid, parent.tgid
        );
    }
    if let Some(window) = window::existing(parent.tid) {
        let visible = child.visible_ids(ids)?;
        window.child_tgid = visible.tgid;
        window.child_tid = visible.tid;
        window::send(window, Cause::Fork);
    }
    Ok(())
}

/// Arguments: `struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm`. A thread that is
/// not its group's leader takes the leader's tid when it executes a program; `old_pid` is the one
/// that it had.
#[inline(always)]
pub fn executed(ctx: &RawTracePointContext) -> Result<(), Error> {
    let ids = current_ids();
    if !filter::watches(ids)? {
        return Ok(());
    }
    let old_tid = ctx.arg::<u64>(1) as u32;
    if old_tid != ids.tid {
        window::end(old_tid);
    }
    let window = window::of_current(ctx, ids)?;
    if old_tid != ids.tid {
        // It has the leader's start time now as well as its tid, but its calls are counted anew:
        // with a time of its own nobody takes them for calls of the leader's that were seen.
        // SAFETY: the helper has no precondition.
        window.start_ns = unsafe { bpf_ktime_get_boot_ns() };
    }
    if window.len > 0 {
        window::send(window, Cause::Full);
    }
    if let Ok(comm) = bpf_get_current_comm() {
        window.comm = comm;
    }
    window::send(window, Cause::Exec);
    debug!(ctx, "process {} runs another program", ids.tgid);
    Ok(())
}

/// Argument: `struct task_struct *p`.
#[inline(always)]
pub fn exited(ctx: &RawTracePointContext) -> Result<(), Error> {
    let ids = current_ids();
    window::end(ids.tid);
    // The leader may be gone long before its threads; the process ends with the last of them.
    if Task::current().is_last_of_its_group()? && filter::forget(ids.tgid) {
        debug!(ctx, "process {} ended", ids.tgid);
    }
    Ok(())
}
