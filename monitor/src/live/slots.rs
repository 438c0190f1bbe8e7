//! The array that tells the probe of most processes at once whether they are watched, as user space
//! writes it.
//!
//! The probe changes it too, so it is mapped into memory, where both change it by atomic additions.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use aya::maps::Map;
use monitor_common::target::{WATCHED_SLOTS, watched_entry, watched_slot};

/// The slots of [`monitor_common::names::WATCHED`].
pub struct Slots {
    memory: NonNull<AtomicU64>,
    // The programs are loaded with its descriptor, so it stays open.
    _map: Map,
}

// SAFETY: all access to what the pointer points to is atomic, and it stays mapped until the drop.
unsafe impl Send for Slots {}
// SAFETY: as above.
unsafe impl Sync for Slots {}

const BYTES: usize = WATCHED_SLOTS as usize * size_of::<u64>();

impl Slots {
    /// Maps them into memory.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub(super) fn map(map: Map) -> io::Result<Self> {
        let Map::Array(array) = &map else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let fd = array.fd().as_fd().as_raw_fd();
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping of a descriptor that is open; nothing else is replaced.
        let memory =
            unsafe { libc::mmap(std::ptr::null_mut(), BYTES, access, libc::MAP_SHARED, fd, 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::InvalidInput)?;
        Ok(Self { memory, _map: map })
    }

    fn of(&self, tgid: u32) -> &AtomicU64 {
        // SAFETY: the place is below WATCHED_SLOTS, of which that many are mapped.
        unsafe { self.memory.add(watched_slot(tgid) as usize).as_ref() }
    }

    /// Adds a process, which is in the hash now and was not before.
    pub(super) fn add(&self, tgid: u32) {
        self.of(tgid).fetch_add(watched_entry(tgid), Relaxed);
    }

    /// Takes a process away, which was taken out of the hash.
    pub(super) fn subtract(&self, tgid: u32) {
        self.of(tgid).fetch_sub(watched_entry(tgid), Relaxed);
    }
}

impl Drop for Slots {
    fn drop(&mut self) {
        // SAFETY: mapped by `map` with this length, and nobody holds a reference any more.
        unsafe { libc::munmap(self.memory.as_ptr().cast(), BYTES) };
    }
}
