//! Loss is counted where it happens.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE, helpers::generated::bpf_get_smp_processor_id, macros::map,
    maps::Array,
};
use monitor_common::loss::{Loss, PLACES, place};

use crate::atomic;

// Not a per-CPU array: user space could only read that by a system call, and while it makes one of
// a map the kernel skips programs of perf tracepoints on its CPU (`trace_call_bpf`,
// kernel/trace/bpf_trace.c).
#[map]
static LOSSES: Array<u64> = Array::with_max_entries(PLACES, BPF_F_MMAPABLE);

/// Adds `amount`, in the unit of the reason.
#[inline(always)]
pub fn count(reason: Loss, amount: u64) {
    // SAFETY: the helper has no precondition.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    if let Some(counter) = LOSSES.get_ptr_mut(place(reason, cpu)) {
        atomic::add(counter, amount);
    }
}
