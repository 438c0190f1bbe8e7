//! How often the kernel skipped the probe's programs.

use std::{
    io,
    os::fd::{AsRawFd as _, OwnedFd},
};

use super::bpf::{self, InfoAttributes};

/// Descriptors of the probe's programs.
pub struct Programs {
    /// The one that sees calls.
    pub(super) calls: OwnedFd,
    /// Those that see forks, execs and exits.
    pub(super) lifecycle: Vec<OwnedFd>,
}

/// What the kernel skipped since the load.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Misses {
    /// Calls, of processes that may not be watched.
    pub calls: u64,
    /// Forks, execs and exits, of processes that may not be watched.
    pub lifecycle: u64,
}

impl Programs {
    /// Asks the kernel, which counts since Linux 5.12; before that the answer is 0.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn misses(&self) -> io::Result<Misses> {
        let mut misses = Misses {
            calls: recursion_misses(&self.calls)?,
            lifecycle: 0,
        };
        for program in &self.lifecycle {
            misses.lifecycle += recursion_misses(program)?;
        }
        Ok(misses)
    }
}

// The word of `struct bpf_prog_info` (include/uapi/linux/bpf.h) that is `recursion_misses`, and how many there
// are up to it.
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
