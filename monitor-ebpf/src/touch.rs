//! What calls touch: read by rules that user space wrote, and sent when it was not sent lately.
//!
//! All of a thing is hashed and looked up among what was sent. So in the long run a call costs the
//! reading, and only what is new is sent: when the call is made, and once more when it returns with
//! an outcome that the thing did not have yet.
//!
//! The work is done in stages, each a program of its own, which ends by a tail call of the next. A
//! verifier checks each for itself, and each has a stack of its own. What one leaves for the next
//! is in the thread's own [`Pending`], since programs of other threads may run in between.

mod pending;

mod arguments;

mod memory;

mod bytes;

mod socket;

mod walk;

mod stage;

mod sent;

mod send;

mod outcome;

use aya_ebpf::{macros::map, maps::Array};
use monitor_common::{
    loss::Loss,
    record::Window,
    touch::{Memory, RULE_PLACES, RULES, Rule, Stage, rule_place},
};

use crate::{Error, loss, record::Entry, setting::reads_details, task::Ids};

pub use self::{
    arguments::gather,
    memory::{address, text, word},
    outcome::returned,
    pending::{Pending, forget},
    send::send,
    stage::Chain,
};

// User space fills both before the probe is attached.
#[map]
static RULE_OF: Array<u8> = Array::with_max_entries(RULE_PLACES, 0);
#[map]
static TOUCH_RULES: Array<Rule> = Array::with_max_entries(RULES, 0);

/// Begins to read what the call at this place of its thread touches, if a rule says so. `entry` has
/// its arguments, `ctx` is the program's. Does not come back where there is a rule.
#[inline(always)]
pub fn note<E: Entry, C: Chain>(
    entry: &E,
    ctx: &C,
    window: &Window,
    ids: Ids,
    seq: u64,
    call: (u32, u8),
) {
    if !reads_details() {
        return;
    }
    let (number, abi_tag) = call;
    let Some(place) = rule_place(abi_tag, number) else {
        return;
    };
    let Some(&rule) = RULE_OF.get(place) else {
        return;
    };
    if rule == 0 {
        return;
    }
    let Some(pending) = Pending::made(ids.tid) else {
        loss::count(Loss::TouchNoRoom, 1);
        return;
    };
    pending.begin(window, ids, seq, call, rule);
    // What cannot be read of the kernel is counted there; the call itself is in the window.
    match entry.arguments(abi_tag, &mut pending.arguments, &mut pending.memory) {
        Ok(()) => ctx.go(Stage::Arguments),
        Err(_) => loss::count(Loss::TouchUnreadable, 1),
    }
}

/// A step of a hash: multiplication and shift (the finaliser of MurmurHash3, Appleby 2011), which
/// differs in every bit for one that differs.
#[inline(always)]
fn mix(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ mixed >> 33
}

#[inline(always)]
fn rule(pending: &Pending) -> Result<&'static Rule, Error> {
    TOUCH_RULES
        .get(u32::from(pending.rule))
        .ok_or(Error::Unreadable)
}

/// The stage that reads the memory that a rule asks for; `None` where it asks for none.
#[inline(always)]
fn stage_of(rule: &Rule) -> Option<Stage> {
    let memory = rule.memory;
    if memory == Memory::None as u8 {
        None
    } else if memory == Memory::Word as u8 || memory == Memory::WordBehind as u8 {
        Some(Stage::Word)
    } else if memory == Memory::Text as u8
        || memory == Memory::TextAndWord as u8
        || memory == Memory::KernelText as u8
    {
        Some(Stage::Text)
    } else {
        Some(Stage::Address)
    }
}
