//! How a call went, when it returns.

use aya_ebpf::{EbpfContext as _, programs::TracePointContext};
use monitor_common::touch::{OUTCOME, OUTCOME_OF_FAILURE, Stage};

use super::{
    pending::Pending,
    rule,
    sent::{outcome, was_sent},
    stage::Chain as _,
    stage_of,
};
use crate::Error;

// `struct syscall_trace_exit` (kernel/trace/trace.h): the number behind `trace_entry`, then
// `long ret`.
const NUMBER: usize = 8;
const RESULT: usize = 16;

/// A call of the running thread returns.
#[inline(always)]
pub fn returned(ctx: &TracePointContext) -> Result<(), Error> {
    let Some((pending, ids)) = Pending::of_current() else {
        return Ok(());
    };
    if pending.is_awaited == 0 || pending.owner != ids.tid {
        return Ok(());
    }
    pending.is_awaited = 0;
    // SAFETY: the record has both; the verifier lets the program read it at offsets that are
    // constants of its own.
    let (number, result) = unsafe {
        let record = ctx.as_ptr();
        (
            record.byte_add(NUMBER).cast::<u32>().read_volatile(),
            record.byte_add(RESULT).cast::<i64>().read_volatile(),
        )
    };
    if number != pending.number {
        return Ok(());
    }
    let rule = rule(pending)?;
    if rule.flags & OUTCOME == 0 && (rule.flags & OUTCOME_OF_FAILURE == 0 || result >= 0) {
        return Ok(());
    }
    pending.result = result;
    if pending.is_unread != 0 {
        ctx.go(stage_of(rule).unwrap_or(Stage::Send));
    } else if !was_sent(pending.hash, outcome(result)) {
        ctx.go(Stage::Send);
    }
    Ok(())
}
