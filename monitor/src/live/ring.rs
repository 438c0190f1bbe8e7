//! The ring: records out of the kernel, in the order in which they were sent.

use std::os::fd::{AsFd, BorrowedFd};

use aya::maps::{Map, MapData, MapError, RingBuf};
use monitor_common::record::Window;

/// The reading end of the probe's ring.
pub struct Ring {
    ring: RingBuf<MapData>,
    /// Records that were no windows: another program's probe, or a bug. Never silently skipped.
    pub malformed: u64,
}

impl Ring {
    pub(super) fn new(map: Map) -> Result<Self, MapError> {
        Ok(Self {
            ring: map.try_into()?,
            malformed: 0,
        })
    }

    /// The next window, if one waits.
    pub fn next(&mut self) -> Option<Window> {
        loop {
            let item = self.ring.next()?;
            match Window::from_bytes(&item) {
                Some(window) => return Some(window),
                None => self.malformed += 1,
            }
        }
    }
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ring.as_fd()
    }
}
