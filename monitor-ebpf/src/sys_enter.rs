//! A thread enters the kernel for a system call.

use crate::{
    Error, filter,
    record::Entry,
    task::Running,
    touch::{self, Chain},
    window,
};

/// Adds the call to its thread's window.
#[inline(always)]
pub fn entered(entry: &(impl Entry + Chain)) -> Result<(), Error> {
    let task = Running::task();
    let tgid = task.tgid();
    if !filter::watches(task, tgid)? {
        return Ok(());
    }
    let ids = task.ids_in(tgid);
    let number = entry.number();
    // A tracer or a seccomp filter skips a call by making its number −1; only the low half is −1
    // for a compat task, and as an x32 number it would lose its meaning.
    if number == u32::MAX {
        return Ok(());
    }
    let (abi_tag, number) = task.abi(number)?;
    let window = window::of_current(ids)?;
    let seq = window.first_seq + u64::from(window.len);
    window::push(window, ids, number, abi_tag)?;
    touch::note(entry, entry, window, ids, seq, (number, abi_tag));
    Ok(())
}
