//! The ring: records out of the kernel, in the order in which they were sent.
//!
//! Its records are mapped once. Libraries map them twice in a row, so that none is cut in two; the
//! kernel gives a process all pages of the mapping at once, so that the ring would count twice in
//! its memory. Here what is cut is joined.

mod cursor;

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, AtomicU64};

use aya::maps::{Map, MapData};
use monitor_common::{
    record::{Cause, CgroupRecord, Window, cause},
    touch::Touched,
};

use super::error::ProbeError;
use super::mapped::Mapping;
use super::shares::Shares;
use crate::syscall::event::ServiceId;
use cursor::{Cursor, Shared};

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
    map: MapData,
    consumer: Mapping<AtomicU64>,
    producer: Mapping<AtomicU64>,
    data: Mapping<AtomicU32>,
    cursor: Cursor,
    /// Which part of what waits is of which service.
    shares: Shares,
    /// Records that are none of the probe's: another program's, or a bug. Never silently skipped.
    pub malformed: u64,
}

impl Ring {
    /// Maps it into memory.
    ///
    /// # Errors
    ///
    /// When it is no ring, or the kernel refuses.
    pub(super) fn new(map: Map, shares: Shares) -> Result<Self, ProbeError> {
        let Map::RingBuf(map) = map else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput).into());
        };
        // The loader rounds what was asked for up to whole pages.
        let bytes = map.info()?.max_entries();
        let fd = map.fd().as_fd();
        let page = page_size()?;
        // The reader's position, the writers', and the records, each from a page on
        // (`ringbuf_map_mmap_kern`).
        let consumer = Mapping::new(fd, 0, 1, true)?;
        let producer = Mapping::new(fd, page, 1, false)?;
        let data = Mapping::new(fd, 2 * page, bytes as usize / size_of::<u32>(), false)?;
        let mut ring = Self {
            map,
            consumer,
            producer,
            data,
            cursor: Cursor::default(),
            shares,
            malformed: 0,
        };
        ring.cursor = Cursor::new(ring.shared());
        Ok(ring)
    }

    fn shared(&self) -> Shared<'_> {
        Shared {
            consumer: &self.consumer.words()[0],
            producer: &self.producer.words()[0],
            data: self.data.words(),
        }
    }

    /// The next record, if one waits.
    pub fn next(&mut self) -> Option<Record> {
        let mut cursor = std::mem::take(&mut self.cursor);
        let record = loop {
            let next = cursor.next(self.shared(), |bytes| read(bytes, &self.shares));
            match next {
                Some(None) => self.malformed += 1,
                Some(Some(record)) => break Some(record),
                None => break None,
            }
        };
        self.cursor = cursor;
        record
    }
}

/// What the probe sent; `None` where it is none of its records.
fn read(bytes: &[u8], shares: &Shares) -> Option<Record> {
    match cause(bytes) {
        Some(Cause::CgroupMade | Cause::CgroupGone) => CgroupRecord::from_bytes(bytes)
            .map(Box::new)
            .map(Record::Cgroup),
        Some(_) => {
            let window = Window::from_bytes(bytes).map(Box::new)?;
            shares.give_back(ServiceId(window.service), Window::IN_RING);
            Some(Record::Window(window))
        }
        // A touch's first word is no cause.
        None => Touched::from_bytes(bytes)
            .map(Box::new)
            .map(Record::Touched),
    }
}

fn page_size() -> io::Result<i64> {
    use nix::unistd::{SysconfVar, sysconf};
    sysconf(SysconfVar::PAGE_SIZE)?.ok_or_else(|| io::ErrorKind::Unsupported.into())
}

impl AsFd for Ring {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.map.fd().as_fd()
    }
}
