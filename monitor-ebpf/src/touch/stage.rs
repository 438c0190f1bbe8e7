//! From one stage of reading to the next.

use aya_ebpf::{
    EbpfContext,
    macros::map,
    maps::ProgramArray,
    programs::{RawTracePointContext, TracePointContext},
};
use monitor_common::{
    loss::Loss,
    touch::{STAGES, Stage},
};

use crate::loss;

// A kind of program calls programs of its own kind only. User space fills the one that is used, or
// both.
#[map]
static RAW_STAGES: ProgramArray = ProgramArray::with_max_entries(STAGES, 0);
#[map]
static PERF_STAGES: ProgramArray = ProgramArray::with_max_entries(STAGES, 0);

/// A program that can be followed by another one.
pub trait Chain {
    /// Goes on with the program of a stage, and does not come back where there is one.
    fn go(&self, stage: Stage);
}

impl Chain for RawTracePointContext {
    #[inline(always)]
    fn go(&self, stage: Stage) {
        go(&RAW_STAGES, self, stage);
    }
}

impl Chain for TracePointContext {
    #[inline(always)]
    fn go(&self, stage: Stage) {
        go(&PERF_STAGES, self, stage);
    }
}

#[inline(always)]
fn go<C: EbpfContext>(stages: &ProgramArray, ctx: &C, stage: Stage) {
    // SAFETY: nothing that is dropped is held where this is called.
    unsafe { stages.tail_call(ctx, stage as u32) };
    loss::count(Loss::TouchUnreadable, 1);
}
