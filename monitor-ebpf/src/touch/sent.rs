//! What was sent already.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    macros::map,
    maps::{Array, LruHashMap},
};
use monitor_common::touch::{NO_RESULT, OUTCOME, OUTCOME_OF_FAILURE, Rule, Stage, told_in};

use super::{mix, pending::Pending, stage::Chain};
use crate::atomic;

// User space fills it before the probe is attached.
#[map]
static OUTCOME_OF: Array<u8> = Array::with_max_entries(ERRORS, 0);

/// Errors that the kernel can return (`MAX_ERRNO`, include/linux/err.h), and none.
const ERRORS: u32 = 4096;

// What was sent, by its hash, with the bits of the outcomes that were. The one not seen for longest
// makes room: it is sent again when it comes back.
#[map]
static SENT: LruHashMap<u64, u8> = LruHashMap::with_max_entries(1 << 15, 0);

// User space adds to it as time passes, and more where all is to be told again.
#[map]
static TOUCH_AGE: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// The bit of an outcome; 0 of one that is not known.
#[inline(always)]
pub fn outcome(result: i64) -> u8 {
    if result == NO_RESULT {
        return 0;
    }
    let error = if (-(ERRORS as i64)..0).contains(&result) {
        -result as u32
    } else {
        0
    };
    OUTCOME_OF.get(error).copied().unwrap_or(0)
}

/// Whether a thing was sent with this outcome.
#[inline(always)]
pub fn was_sent(hash: u64, outcome: u8) -> bool {
    match SENT.get_ptr_mut(hash) {
        // SAFETY: a byte of a map; entries of the table may be reused, and then a thing is sent
        // once too often or too rarely.
        Some(known) => unsafe { known.read_volatile() & outcome == outcome },
        None => false,
    }
}

/// Notes that a thing was sent with this outcome.
#[inline(always)]
pub fn note(hash: u64, outcome: u8) {
    match SENT.get_ptr_mut(hash) {
        // SAFETY: as in `was_sent`.
        Some(known) => unsafe { known.write_volatile(known.read_volatile() | outcome) },
        // Without room it is sent again with the next call.
        None => drop(SENT.insert(hash, outcome, 0)),
    }
}

/// Sends what is pending if it was not sent with its outcome, and goes on.
#[inline(always)]
pub fn settle<C: Chain>(ctx: &C, pending: &mut Pending, rule: &Rule, hash: u64) {
    let age = TOUCH_AGE.get_ptr_mut(0).map_or(0, atomic::read);
    let hash = mix(hash, told_in(hash, age));
    pending.hash = hash;
    if was_sent(hash, outcome(pending.result)) {
        finish(ctx, pending, rule);
    } else {
        ctx.go(Stage::Send);
    }
}

/// Waits for the return of a call that was read, where that tells something, and goes on.
#[inline(always)]
pub fn finish<C: Chain>(ctx: &C, pending: &mut Pending, rule: &Rule) {
    if rule.flags & (OUTCOME | OUTCOME_OF_FAILURE) != 0 {
        pending.is_awaited = u32::from(pending.result == NO_RESULT);
    }
    next(ctx, pending, rule);
}

/// Goes on to the next thing that the call touches.
#[inline(always)]
pub fn next<C: Chain>(ctx: &C, pending: &mut Pending, rule: &Rule) {
    if rule.next != 0 {
        pending.rule = rule.next;
        ctx.go(Stage::Arguments);
    }
}
