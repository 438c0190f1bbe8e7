//! An array of the probe that both sides have in memory.
//!
//! A system call that reads or writes a map (`bpf_disable_instrumentation`, include/linux/bpf.h) keeps the kernel from running programs of
//! perf tracepoints on its CPU (`trace_call_bpf`, kernel/trace/bpf_trace.c), and for long where it is preempted meanwhile. So what is read
//! again and again is read here.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

use aya::maps::Map;

/// An array map whose elements are u64, or made of them. All access is atomic, word by word.
pub(super) struct Mapped {
    memory: NonNull<AtomicU64>,
    words: usize,
    // The programs are loaded with its descriptor, so it stays open.
    _map: Map,
}

// SAFETY: all access to what the pointer points to is atomic, and it stays mapped until the drop.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

impl Mapped {
    /// Maps so many words of the array into memory; they may be changed where `writable`.
    ///
    /// # Errors
    ///
    /// When it is not an array, or the kernel refuses.
    pub(super) fn new(map: Map, words: usize, writable: bool) -> io::Result<Self> {
        let Map::Array(array) = &map else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let fd = array.fd().as_fd().as_raw_fd();
        let mut access = libc::PROT_READ;
        if writable {
            access |= libc::PROT_WRITE;
        }
        let bytes = words * size_of::<AtomicU64>();
        // SAFETY: a new mapping of a descriptor that is open; nothing else is replaced.
        let memory =
            unsafe { libc::mmap(std::ptr::null_mut(), bytes, access, libc::MAP_SHARED, fd, 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self {
            memory,
            words,
            _map: map,
        })
    }

    /// All words. Where they were mapped without being writable, they are only to be read.
    pub(super) fn words(&self) -> &[AtomicU64] {
        // SAFETY: that many were mapped, and they stay so as long as `self` is there.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.words) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: mapped by `new` with this length, and nobody holds a reference any more.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), size_of_val(self.words())) };
    }
}
