//! The probe's table of threads: windows that are still being filled, in slots and in a hash.
//!
//! A thread that blocks never sends its window itself, so the reader takes a copy. Copying changes
//! nothing in the kernel: the same calls arrive again with the window, and are told by their places.

use std::{
    io,
    os::fd::{AsFd, AsRawFd, BorrowedFd},
};

use aya::maps::{Map, MapData, MapError};
use monitor_common::record::{Cause, Window};

use super::{
    bpf::{self, BatchAttributes, ElementAttributes},
    thread_slots::ThreadSlots,
};

/// The reading end of the probe's thread table.
pub struct ThreadTable {
    slots: ThreadSlots,
    map: MapData,
    keys: Vec<u32>,
    values: Vec<u8>,
}

const BATCH: usize = 512;

impl ThreadTable {
    pub(super) fn new(map: Map, slots: ThreadSlots) -> Result<Self, MapError> {
        match map {
            Map::HashMap(map) => Ok(Self {
                slots,
                map,
                keys: vec![0; BATCH],
                values: vec![0; BATCH * Window::SIZE],
            }),
            _ => Err(MapError::InvalidMapType { map_type: 0 }),
        }
    }

    fn fd(&self) -> BorrowedFd<'_> {
        self.map.fd().as_fd()
    }

    /// Copies of the windows that hold calls, with `empty_too` of all others as well. Those of
    /// threads that ended leave the table with that.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the look-up.
    pub fn windows(&mut self, empty_too: bool) -> io::Result<Vec<Window>> {
        // Before the hash: a thread that ends meanwhile goes from there to here, and comes twice rather than never.
        let mut windows: Vec<Window> = self.slots.windows(empty_too).collect();
        let mut ended = Vec::new();
        let (mut token, mut next_token) = (0_u64, 0_u64);
        let mut first = true;
        loop {
            let mut attributes = BatchAttributes {
                in_batch: if first { 0 } else { &raw const token as u64 },
                out_batch: &raw mut next_token as u64,
                keys: self.keys.as_mut_ptr() as u64,
                values: self.values.as_mut_ptr() as u64,
                count: BATCH as u32,
                map_fd: self.fd().as_raw_fd() as u32,
                ..BatchAttributes::default()
            };
            let outcome = bpf::call(bpf::MAP_LOOKUP_BATCH, &mut attributes);
            let end = match outcome {
                Ok(()) => false,
                // The last batch; it may still have brought entries.
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
                Err(error) => return Err(error),
            };
            let count = (attributes.count as usize).min(BATCH);
            for (key, value) in self
                .keys
                .iter()
                .zip(self.values.chunks_exact(Window::SIZE))
                .take(count)
            {
                match Window::from_bytes(value) {
                    Some(window) if window.cause == Cause::Left as u32 => ended.push(*key),
                    Some(window) if window.len > 0 || empty_too => windows.push(window),
                    _ => {}
                }
            }
            if end {
                break;
            }
            (token, first) = (next_token, false);
        }
        for key in ended {
            windows.extend(self.take(key)?);
        }
        Ok(windows)
    }

    // Taking and removing is one step where the kernel has it (5.14), so that a thread that took
    // over the number meanwhile loses nothing.
    fn take(&self, key: u32) -> io::Result<Option<Window>> {
        let mut value = vec![0_u8; Window::SIZE];
        let mut attributes = ElementAttributes {
            map_fd: self.fd().as_raw_fd() as u32,
            key: &raw const key as u64,
            value: value.as_mut_ptr() as u64,
            ..ElementAttributes::default()
        };
        match bpf::call(bpf::MAP_LOOKUP_AND_DELETE_ELEM, &mut attributes) {
            Ok(()) => return Ok(Window::from_bytes(&value)),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
            Err(_) => {}
        }
        match bpf::call(bpf::MAP_LOOKUP_ELEM, &mut attributes) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(None),
            outcome => outcome?,
        }
        attributes.value = 0;
        match bpf::call(bpf::MAP_DELETE_ELEM, &mut attributes) {
            Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
            _ => Ok(Window::from_bytes(&value)),
        }
    }
}
