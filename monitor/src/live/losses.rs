//! Losses that the probe counted.

use aya::maps::{MapData, MapError, PerCpuArray};
use monitor_common::loss::Loss;

/// The probe's counters of loss.
pub struct Losses(PerCpuArray<MapData, u64>);

impl Losses {
    pub(super) fn new(map: aya::maps::Map) -> Result<Self, MapError> {
        map.try_into().map(Self)
    }

    /// How much was lost for `reason` since the load, in the unit of the reason.
    ///
    /// # Errors
    ///
    /// When the kernel refuses the look-up.
    pub fn count(&self, reason: Loss) -> Result<u64, MapError> {
        Ok(self.0.get(&(reason as u32), 0)?.iter().sum())
    }
}
