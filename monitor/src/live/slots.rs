//! What tells the probe of most processes at once whether they are watched, as user space writes
//! it.
//!
//! The probe changes it too, so it is mapped into memory, where both change it by atomic additions.

use std::io;
use std::mem::offset_of;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Relaxed, Release},
};

use aya::maps::Map;
use monitor_common::target::{WATCHED_SLOTS, Watched, watched_entry, watched_slot};

use super::mapped::Mapped;

/// The epoch and the slots of processes in [`monitor_common::names::WATCHED`].
pub(super) struct Slots(Mapped);

const EPOCH: usize = offset_of!(Watched, epoch) / size_of::<u64>();
const PROCESSES: usize = offset_of!(Watched, processes) / size_of::<u64>();

impl Slots {
    /// Maps them into memory.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub(super) fn map(map: Map) -> io::Result<Self> {
        Mapped::new(map, PROCESSES + WATCHED_SLOTS as usize, true).map(Self)
    }

    fn of(&self, tgid: u32) -> &AtomicU64 {
        &self.0.words()[PROCESSES + watched_slot(tgid) as usize]
    }

    /// Adds a process, which is in the hash now and was not before.
    pub(super) fn add(&self, tgid: u32) {
        self.of(tgid).fetch_add(watched_entry(tgid), Relaxed);
    }

    /// Takes a process away, which was taken out of the hash.
    pub(super) fn subtract(&self, tgid: u32) {
        self.of(tgid).fetch_sub(watched_entry(tgid), Relaxed);
    }

    /// The epoch grows by so much, after all that was changed before.
    pub(super) fn grow(&self, amount: u64) {
        self.0.words()[EPOCH].fetch_add(amount, Release);
    }
}
