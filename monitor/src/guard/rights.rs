//! The guard's threads that are started while the monitor still has all of its rights keep those
//! that they use.

use std::path::{Path, PathBuf};

/// What a thread does beside computing.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(feature = "live"),
    expect(
        dead_code,
        reason = "without the kernel as a source no rights are given up"
    )
)]
pub(super) enum Does<'a> {
    /// Nothing.
    Nothing,
    /// It reads other users' processes, and files that tell of them.
    ReadsProcesses,
    /// It reads below folders.
    Reads(&'a [PathBuf]),
    /// It writes below a folder.
    Writes(&'a Path),
}

/// Leaves the calling thread the rights for what it does, and no others.
#[cfg(feature = "live")]
pub(super) fn keep_only(does: Does<'_>) {
    use crate::live::privileges::{Needs, give_up};

    let mut needs = Needs::default();
    match does {
        Does::Nothing => {}
        Does::ReadsProcesses => needs.looks_up_processes = true,
        Does::Reads(folders) => needs.reads.extend_from_slice(folders),
        Does::Writes(folder) => needs.writes.push(folder.to_path_buf()),
    }
    if let Err(error) = give_up(&needs) {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or_default();
        log::warn!("the thread {name} keeps its rights: {error}");
    }
}

/// Without the kernel as a source nothing runs with more than its user has.
#[cfg(not(feature = "live"))]
pub(super) fn keep_only(_: Does<'_>) {}
