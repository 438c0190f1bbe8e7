//! Losses that the probe counted.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use aya::maps::Map;
use monitor_common::loss::{self, Loss, PLACES};

use super::mapped::Mapped;

/// The probe's counters of loss.
pub struct Losses(Mapped);

impl Losses {
    /// Maps them into memory.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub(super) fn map(map: Map) -> io::Result<Self> {
        Mapped::new(map, PLACES as usize, false).map(Self)
    }

    /// Counters that a test raises by [`Self::raise`].
    #[cfg(test)]
    pub(super) fn of_memory() -> io::Result<Self> {
        Mapped::of_memory(PLACES as usize).map(Self)
    }

    /// Counts as the probe does on this CPU.
    #[cfg(test)]
    pub(super) fn raise(&self, reason: Loss, cpu: u32, amount: u64) {
        let place = loss::place(reason, cpu) as usize;
        self.0.words()[place].fetch_add(amount, Relaxed);
    }

    /// How much was lost for `reason` since the load, in the unit of the reason.
    #[must_use]
    pub fn count(&self, reason: Loss) -> u64 {
        let counters = loss::places(reason).filter_map(|at| self.0.words().get(at as usize));
        counters.map(|counter| counter.load(Relaxed)).sum()
    }
}
