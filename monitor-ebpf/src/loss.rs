//! Loss is counted where it happens.

use aya_ebpf::{macros::map, maps::PerCpuArray};
use monitor_common::loss::Loss;

use crate::atomic;

#[map]
static LOSSES: PerCpuArray<u64> = PerCpuArray::with_max_entries(Loss::ALL.len() as u32, 0);

/// Adds `amount`, in the unit of the reason.
#[inline(always)]
pub fn count(reason: Loss, amount: u64) {
    if let Some(counter) = LOSSES.get_ptr_mut(reason as u32) {
        // Atomic although each CPU has its own: another program may run in between (see
        // `crate`), and each could lose the other's addition.
        atomic::add(counter, amount);
    }
}
