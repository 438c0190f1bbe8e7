//! What both the probe and the monitor have in memory.
//!
//! A system call that reads or writes a map (`bpf_disable_instrumentation`, include/linux/bpf.h)
//! keeps the kernel from running programs of perf tracepoints on its CPU (`trace_call_bpf`,
//! kernel/trace/bpf_trace.c), and for long where it is preempted meanwhile. So what is read again
//! and again is read here.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, AtomicU64};

use aya::maps::Map;

/// A number that both sides may read and write at once.
pub(super) trait Word: Sync {}

impl Word for AtomicU32 {}
impl Word for AtomicU64 {}

/// Words of a map's memory.
pub(super) struct Mapping<W> {
    memory: NonNull<W>,
    words: usize,
}

// SAFETY: all access to what the pointer points to is atomic, and it stays mapped until the drop.
unsafe impl<W: Word> Send for Mapping<W> {}
// SAFETY: as above.
unsafe impl<W: Word> Sync for Mapping<W> {}

impl<W: Word> Mapping<W> {
    /// Maps so many words of a map into memory, `offset` bytes into what it shows; they may be
    /// changed where `writable`.
    ///
    /// # Errors
    ///
    /// When the kernel refuses: the map shows no memory, or not so much, or not for writing.
    pub(super) fn new(
        map: BorrowedFd<'_>,
        offset: i64,
        words: usize,
        writable: bool,
    ) -> io::Result<Self> {
        let mut access = libc::PROT_READ;
        if writable {
            access |= libc::PROT_WRITE;
        }
        let bytes = words * size_of::<W>();
        // SAFETY: a new mapping of a descriptor that is open; nothing else is replaced.
        let memory = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                access,
                libc::MAP_SHARED,
                map.as_raw_fd(),
                offset,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { memory, words })
    }

    /// All words. Where they were mapped without being writable, they are only to be read.
    pub(super) fn words(&self) -> &[W] {
        // SAFETY: that many were mapped, at the beginning of a page, and they stay so as long as
        // `self` is there; any bytes are a word.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr(), self.words) }
    }
}

impl<W> Drop for Mapping<W> {
    fn drop(&mut self) {
        let bytes = self.words * size_of::<W>();
        // SAFETY: mapped by `new` with this length, and nobody holds a reference any more.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), bytes) };
    }
}

/// An array map whose elements are u64, or made of them. All access is atomic, word by word.
pub(super) struct Mapped {
    mapping: Mapping<AtomicU64>,
    // The programs are loaded with its descriptor, so it stays open. None in tests, which have
    // memory of their own.
    _map: Option<Map>,
}

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
        let mapping = Mapping::new(array.fd().as_fd(), 0, words, writable)?;
        Ok(Self {
            mapping,
            _map: Some(map),
        })
    }

    /// So many words in the place of an array of the probe, all zero.
    #[cfg(test)]
    pub(super) fn of_memory(words: usize) -> io::Result<Self> {
        let file = tempfile::tempfile()?;
        file.set_len((words * size_of::<AtomicU64>()) as u64)?;
        Ok(Self {
            mapping: Mapping::new(file.as_fd(), 0, words, true)?,
            _map: None,
        })
    }

    /// All words. Where they were mapped without being writable, they are only to be read.
    pub(super) fn words(&self) -> &[AtomicU64] {
        self.mapping.words()
    }
}
