//! How often the kernel skipped the probe's programs.

use std::{
    io,
    os::fd::{AsRawFd as _, OwnedFd},
};

use super::bpf::{self, InfoAttributes};

/// Descriptors of the probe's programs.
pub struct Programs {
    /// Those that see calls and what is submitted to io_uring.
    pub(super) calls: Vec<OwnedFd>,
    /// Those that see forks, execs and exits.
    pub(super) lifecycle: Vec<OwnedFd>,
    /// The one that sees calls return, if any does.
    pub(super) outcomes: Option<OwnedFd>,
}

/// What the kernel skipped since the load.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Misses {
    /// Calls, of processes that may not be watched.
    pub calls: u64,
    /// Forks, execs and exits, of processes that may not be watched.
    pub lifecycle: u64,
    /// Returns of calls whose outcome is wanted, of processes that may not be watched.
    pub outcomes: u64,
}

impl Misses {
    /// Whether every call, fork, exec and exit was seen.
    #[must_use]
    pub const fn is_none_of_calls(&self) -> bool {
        self.calls == 0 && self.lifecycle == 0
    }
}

impl Programs {
    /// Asks the kernel, which counts since Linux 5.12; before that the answer is 0.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn misses(&self) -> io::Result<Misses> {
        Ok(Misses {
            calls: sum(&self.calls)?,
            lifecycle: sum(&self.lifecycle)?,
            outcomes: sum(&self.outcomes)?,
        })
    }
}

fn sum<'a>(programs: impl IntoIterator<Item = &'a OwnedFd>) -> io::Result<u64> {
    programs.into_iter().map(recursion_misses).sum()
}

// The word of `struct bpf_prog_info` (include/uapi/linux/bpf.h) that is `recursion_misses`, and how
// many there are up to it.
const RECURSION_MISSES: usize = 26;
const WORDS: usize = RECURSION_MISSES + 1;

fn recursion_misses(program: &OwnedFd) -> io::Result<u64> {
    let mut info = [0_u64; WORDS];
    let mut attributes = InfoAttributes {
        fd: program.as_raw_fd() as u32,
        info_len: size_of_val(&info) as u32,
        info: info.as_mut_ptr() as u64,
    };
    bpf::call(bpf::OBJ_GET_INFO_BY_FD, &mut attributes)?;
    Ok(info[RECURSION_MISSES])
}
