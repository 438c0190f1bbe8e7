//! What each service has of what all of them share, as user space counts with the probe.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use aya::maps::Map;
use monitor_common::target::{SHARE_OF_ALL, SHARES, share_place};

use super::mapped::Mapped;
use crate::syscall::event::ServiceId;

/// An array of shares.
pub(super) struct Shares {
    mapped: Mapped,
    /// Only all are counted where there is but one service.
    counted: bool,
}

impl Shares {
    /// Maps it into memory.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub(super) fn map(map: Map, counted: bool) -> io::Result<Self> {
        let mapped = Mapped::new(map, SHARES as usize + 1, true)?;
        Ok(Self { mapped, counted })
    }

    /// A service has more: both of its own part and of that of all.
    pub(super) fn add(&self, service: ServiceId, amount: u64) {
        self.change(share_place(service.0), amount);
        if let Some(all) = self.of_all() {
            all.fetch_add(amount, Relaxed);
        }
    }

    /// Whether any service has any. What is added and taken away in another order may look like
    /// less than nothing for a moment.
    pub(super) fn any(&self) -> bool {
        self.of_all()
            .is_some_and(|all| all.load(Relaxed).cast_signed() > 0)
    }

    fn of_all(&self) -> Option<&AtomicU64> {
        self.mapped.words().get(SHARE_OF_ALL as usize)
    }

    /// A service has less.
    pub(super) fn subtract(&self, service: ServiceId, amount: u64) {
        self.add(service, amount.wrapping_neg());
    }

    /// A service has less of what is counted for each service alone.
    pub(super) fn give_back(&self, service: ServiceId, amount: u64) {
        self.change(share_place(service.0), amount.wrapping_neg());
    }

    fn change(&self, place: u32, amount: u64) {
        let share = self.mapped.words().get(place as usize);
        if let Some(share) = share.filter(|_| self.counted) {
            // Adding wraps as it does in the probe.
            share.fetch_add(amount, Relaxed);
        }
    }
}
