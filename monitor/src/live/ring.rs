//! The ring: records out of the kernel, in the order in which they were sent.

use std::os::fd::{AsFd, BorrowedFd};

use aya::maps::{Map, MapData, MapError, RingBuf};
use monitor_common::{
    record::{Cause, CgroupRecord, Window, cause},
    touch::Touched,
};

use super::shares::Shares;
use crate::syscall::event::ServiceId;

/// A record of the probe.
pub enum Record {
    /// A thread's calls.
    Window(Box<Window>),
    /// What a call touched.
    Touched(Box<Touched>),
    /// A new or gone cgroup.
    Cgroup(Box<CgroupRecord>),
}

/// The reading end of the probe's ring.
pub struct Ring {
    ring: RingBuf<MapData>,
    /// Which part of what waits is of which service.
    shares: Shares,
    /// Records that are none of the probe's: another program's, or a bug. Never silently skipped.
    pub malformed: u64,
}

impl Ring {
    pub(super) fn new(map: Map, shares: Shares) -> Result<Self, MapError> {
        Ok(Self {
            ring: map.try_into()?,
            shares,
            malformed: 0,
        })
    }

    /// The next record, if one waits.
    pub fn next(&mut self) -> Option<Record> {
        loop {
            let item = self.ring.next()?;
            let record = match cause(&item) {
                Some(Cause::CgroupMade | Cause::CgroupGone) => CgroupRecord::from_bytes(&item)
                    .map(Box::new)
                    .map(Record::Cgroup),
                Some(_) => {
                    let window = Window::from_bytes(&item).map(Box::new);
                    if let Some(window) = &window {
                        let service = ServiceId(window.service);
                        self.shares.give_back(service, Window::IN_RING);
                    }
                    window.map(Record::Window)
                }
                // A touch's first word is no cause.
                None => Touched::from_bytes(&item)
                    .map(Box::new)
                    .map(Record::Touched),
            };
            match record {
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
