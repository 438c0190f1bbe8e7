//! The ring: records out of the kernel, in the order in which they were sent.

use std::os::fd::{AsFd, BorrowedFd};

use aya::maps::{Map, MapData, MapError, RingBuf};
use monitor_common::{record::Window, touch::Touched};

/// A record of the probe.
pub enum Record {
    /// Calls of a thread.
    Window(Box<Window>),
    /// What a call touched.
    Touched(Box<Touched>),
}

/// The reading end of the probe's ring.
pub struct Ring {
    ring: RingBuf<MapData>,
    /// Records that were neither: another program's probe, or a bug. Never silently skipped.
    pub malformed: u64,
}

impl Ring {
    pub(super) fn new(map: Map) -> Result<Self, MapError> {
        Ok(Self {
            ring: map.try_into()?,
            malformed: 0,
        })
    }

    /// The next record, if one waits.
    pub fn next(&mut self) -> Option<Record> {
        loop {
            let item = self.ring.next()?;
            let touched = || {
                Touched::from_bytes(&item)
                    .map(Box::new)
                    .map(Record::Touched)
            };
            // A touch's first word is no cause of a window's.
            let window = || Window::from_bytes(&item).map(Box::new).map(Record::Window);
            match touched().or_else(window) {
                Some(record) => return Some(record),
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
