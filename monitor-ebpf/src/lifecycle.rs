//! Processes and threads come, change their program, and go.

use aya_ebpf::helpers::{bpf_get_current_comm, generated::bpf_ktime_get_boot_ns};
use aya_log_ebpf::debug;
use monitor_common::{loss::Loss, record::Cause};

use crate::{
    Error, filter, loss,
    record::{Exec, Fork},
    service,
    task::{Running, Task},
    touch, window,
};

/// Follows the child of a watched process, and reports it. For threads too, in the parent's context
/// and before the child runs, so that the child's first call is seen.
#[inline(always)]
pub fn forked(fork: &impl Fork) -> Result<(), Error> {
    let task = Running::task();
    let parent = task.ids();
    let child = fork.child()?;
    filter::introduce(child.ids.tid);
    if !filter::watches(task, parent.tgid)? {
        return Ok(());
    }
    if child.ids.tgid != parent.tgid && filter::follow(parent, child.ids) {
        debug!(
            (),
            "process {} follows its parent {}", child.ids.tgid, parent.tgid
        );
    }
    if let Some(window) = window::existing(parent.tid) {
        let Some(visible) = child.visible_ids()? else {
            loss::count(Loss::LifecycleUnreadable, 1);
            return Ok(());
        };
        window.child_tgid = visible.tgid;
        window.child_tid = visible.tid;
        window::send(window, Cause::Fork);
    }
    Ok(())
}

/// A thread that is not its group's leader takes the leader's tid when it executes a program.
#[inline(always)]
pub fn executed(exec: &impl Exec) -> Result<(), Error> {
    let task = Running::task();
    let ids = task.ids();
    if !filter::watches(task, ids.tgid)? {
        return Ok(());
    }
    let old_tid = exec.old_tid()?;
    if old_tid != ids.tid {
        end(old_tid);
    }
    let window = window::of_current(ids)?;
    if window.len > 0 {
        window::send(window, Cause::Full);
    }
    if old_tid != ids.tid {
        // It has the leader's start time now as well as its tid, but its calls are counted anew:
        // with a time of its own nobody takes them for calls of the leader's that were seen.
        // SAFETY: the helper has no precondition.
        window.start_ns = unsafe { bpf_ktime_get_boot_ns() };
        window.first_seq = 0;
    }
    if let Ok(comm) = bpf_get_current_comm() {
        window.comm = comm;
    }
    let service = window.service;
    window.service |= service::marks();
    window::send(window, Cause::Exec);
    window.service = service;
    debug!((), "process {} runs another program", ids.tgid);
    Ok(())
}

/// Sends a thread's last calls, and forgets its process with the last of its threads.
#[inline(always)]
pub fn exited() -> Result<(), Error> {
    let ids = Running::task().ids();
    end(ids.tid);
    // The leader may be gone long before its threads; the process ends with the last of them.
    if Task::current().is_last_of_its_group()? && filter::forget(ids.tgid) {
        debug!((), "process {} ended", ids.tgid);
    }
    Ok(())
}

/// Ends a thread.
#[inline(always)]
fn end(tid: u32) {
    if window::end(tid) {
        touch::forget(tid);
    }
}
