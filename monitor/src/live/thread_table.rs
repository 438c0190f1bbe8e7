//! The probe's windows that are still being filled or were left behind, in slots and in hashes.
//!
//! A thread that blocks never sends its window itself, so the reader takes a copy. Copying changes
//! nothing in the kernel: the same calls arrive again with the window, and are told by their
//! places.

use std::{
    io,
    os::fd::{AsFd, AsRawFd},
    sync::atomic::Ordering::Acquire,
};

use aya::maps::{Map, MapData, MapError};
use monitor_common::record::Window;

use super::{
    bpf::{self, BatchAttributes, ElementAttributes},
    error::ProbeError,
    mapped::Mapped,
    shares::Shares,
    thread_slots::ThreadSlots,
};

/// The reading ends of the probe's windows.
pub struct ThreadTable {
    slots: ThreadSlots,
    threads: Windows,
    /// How many threads are in the hash.
    listed: Shares,
    left: Windows,
    /// How many threads were ever left behind, and how many of them were seen.
    ever_left: Mapped,
    seen_left: u64,
}

/// A hash of windows.
struct Windows {
    map: MapData,
    key_size: usize,
    keys: Vec<u8>,
    values: Vec<u8>,
}

const BATCH: usize = 512;

impl ThreadTable {
    pub(super) fn new(
        slots: ThreadSlots,
        (threads, listed): (Map, Shares),
        left: Map,
        ever_left: Map,
    ) -> Result<Self, ProbeError> {
        Ok(Self {
            slots,
            threads: Windows::new(threads, size_of::<u32>())?,
            listed,
            left: Windows::new(left, size_of::<[u64; 2]>())?,
            ever_left: Mapped::new(ever_left, 1, false)?,
            seen_left: 0,
        })
    }

    /// Copies of the windows that hold calls, with `empty_too` of all others as well. Those of
    /// threads that ended leave their table with that. The hashes are asked only where they hold
    /// something, or with `empty_too`.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the look-up.
    pub fn windows(&mut self, empty_too: bool) -> io::Result<Vec<Window>> {
        // What a thread leaves behind comes last: one that ends meanwhile comes twice rather than
        // never.
        let mut windows: Vec<Window> = self.slots.windows(empty_too).collect();
        if empty_too || self.listed.any() {
            self.threads.each(|_, window| {
                // Nobody's yet: its thread is about to write who it is.
                let is_somebodys = window.tid != 0;
                if is_somebodys && (window.len > 0 || empty_too) {
                    windows.push(window);
                }
            })?;
        }
        let ever_left = self.ever_left.words()[0].load(Acquire);
        if !empty_too && ever_left == self.seen_left {
            return Ok(windows);
        }
        self.seen_left = ever_left;
        let mut ended = Vec::new();
        self.left
            .each(|key, window| ended.push((key.to_vec(), window)))?;
        for (key, window) in ended {
            self.left.delete(&key)?;
            windows.push(window);
        }
        Ok(windows)
    }
}

impl Windows {
    fn new(map: Map, key_size: usize) -> Result<Self, MapError> {
        match map {
            Map::HashMap(map) => Ok(Self {
                map,
                key_size,
                keys: vec![0; BATCH * key_size],
                values: vec![0; BATCH * Window::SIZE],
            }),
            _ => Err(MapError::InvalidMapType { map_type: 0 }),
        }
    }

    fn fd(&self) -> u32 {
        self.map.fd().as_fd().as_raw_fd() as u32
    }

    fn each(&mut self, mut visit: impl FnMut(&[u8], Window)) -> io::Result<()> {
        let (mut token, mut next_token) = (0_u64, 0_u64);
        let mut first = true;
        loop {
            let mut attributes = BatchAttributes {
                in_batch: if first { 0 } else { &raw const token as u64 },
                out_batch: &raw mut next_token as u64,
                keys: self.keys.as_mut_ptr() as u64,
                values: self.values.as_mut_ptr() as u64,
                count: BATCH as u32,
                map_fd: self.fd(),
                ..BatchAttributes::default()
            };
            let is_last = match bpf::call(bpf::MAP_LOOKUP_BATCH, &mut attributes) {
                Ok(()) => false,
                // The last batch; it may still have brought entries.
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
                Err(error) => return Err(error),
            };
            let count = (attributes.count as usize).min(BATCH);
            let keys = self.keys.chunks_exact(self.key_size);
            let entries = keys.zip(self.values.chunks_exact(Window::SIZE));
            for (key, value) in entries.take(count) {
                if let Some(window) = Window::from_bytes(value) {
                    visit(key, window);
                }
            }
            if is_last {
                return Ok(());
            }
            (token, first) = (next_token, false);
        }
    }

    fn delete(&self, key: &[u8]) -> io::Result<()> {
        let mut attributes = ElementAttributes {
            map_fd: self.fd(),
            key: key.as_ptr() as u64,
            ..ElementAttributes::default()
        };
        match bpf::call(bpf::MAP_DELETE_ELEM, &mut attributes) {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
            _ => Ok(()),
        }
    }
}
