//! Loss is counted where it happens.

use aya_ebpf::{macros::map, maps::PerCpuArray};
use monitor_common::loss::Loss;

#[map]
static LOSSES: PerCpuArray<u64> = PerCpuArray::with_max_entries(Loss::ALL.len() as u32, 0);

/// Adds `amount`, in the unit of the reason.
#[inline(always)]
pub fn count(reason: Loss, amount: u64) {
    if let Some(counter) = LOSSES.get_ptr_mut(reason as u32) {
        // SAFETY: the pointer is into this CPU's own copy, and the verifier checked its bounds. A
        // program that interrupts another on one CPU may lose an addition; only tracepoints in
        // process context call this, and these do not nest.
        unsafe { *counter += amount };
    }
}
