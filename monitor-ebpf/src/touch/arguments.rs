//! The first stage: what a rule asks of a call's arguments.

use monitor_common::touch::{NO_ARGUMENT, OTHER_PROCESS, Rule, UPPER_FOLDER, WORD};

use super::{mix, pending::Pending, rule, sent, stage::Chain, stage_of, walk::Place};
use crate::{Error, record::Arguments};

/// In the place of a folder's descriptor: the working directory (`AT_FDCWD`,
/// include/uapi/linux/fcntl.h).
const NOWHERE: u64 = 0xffff_ff9c;

/// An argument; 0 for [`NO_ARGUMENT`].
#[inline(always)]
fn at(arguments: &Arguments, place: u8) -> u64 {
    arguments[place as usize & 7]
}

/// Takes the arguments that count, and goes on to the memory that they point to.
#[inline(always)]
pub fn gather<C: Chain>(ctx: &C) -> Result<(), Error> {
    let (pending, _) = Pending::of_current().ok_or(Error::Unreadable)?;
    let rule = rule(pending)?;
    let has_condition = rule.condition != NO_ARGUMENT && rule.condition != WORD;
    if has_condition && at(&pending.arguments, rule.condition) & rule.needed == 0 {
        sent::next(ctx, pending, rule);
        return Ok(());
    }
    pending.pointer = at(&pending.arguments, rule.pointer);
    pending.second = at(&pending.arguments, rule.second);
    pending.folder = folder(&pending.arguments, rule);
    pending.place = Place::NONE;
    pending.word = 0;
    pending.len = 0;
    let process = process(pending, rule);
    // What one service is known to touch is not known of another.
    let call = u64::from(pending.number) | u64::from(pending.abi_tag) << 32;
    let mut hash = mix(0x9e37_79b9_7f4a_7c15, call | u64::from(pending.rule) << 40);
    hash = mix(hash, u64::from(pending.service));
    hash = mix(hash, process);
    for place in 0..6 {
        let counted = pending.arguments[place] & rule.masks[place];
        pending.counted[place] = counted;
        hash = mix(hash, counted);
    }
    if rule.process != NO_ARGUMENT {
        pending.counted[rule.process as usize & 7] = match process {
            OWN => u64::from(pending.tgid),
            process => process,
        };
    }
    match stage_of(rule) {
        Some(stage) => {
            pending.hash = hash;
            ctx.go(stage);
        }
        None => sent::settle(ctx, pending, rule, hash),
    }
    Ok(())
}

/// In the place of the own process, which is the same thing whichever it is.
const OWN: u64 = 1;

/// The process that a call is about: 0 where it is about none, [`OWN`] or [`OTHER_PROCESS`].
#[inline(always)]
fn process(pending: &Pending, rule: &Rule) -> u64 {
    let process = at(&pending.arguments, rule.process) as u32;
    if process == 0 {
        0
    } else if process == pending.tgid {
        OWN
    } else {
        OTHER_PROCESS
    }
}

#[inline(always)]
fn folder(arguments: &Arguments, rule: &Rule) -> u64 {
    let folder = at(arguments, rule.folder);
    if rule.folder == NO_ARGUMENT {
        NOWHERE
    } else if rule.flags & UPPER_FOLDER != 0 {
        folder >> 32
    } else {
        folder
    }
}
