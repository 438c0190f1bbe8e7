//! The second stage: what a call names in its process's memory.

use monitor_common::{
    loss::Loss,
    touch::{Memory, NO_RESULT, OUTCOME, Rule, UNREADABLE, WORD},
};

use super::{
    bytes::{hashed, is_absolute, kernel_string, read, string},
    mix,
    pending::Pending,
    rule, sent,
    socket::{self, named},
    stage::Chain,
    walk,
};
use crate::{Error, loss};

/// Reads a path, and the directory that it is relative to.
#[inline(always)]
pub fn text<C: Chain>(ctx: &C) -> Result<(), Error> {
    let (pending, _) = Pending::of_current().ok_or(Error::Unreadable)?;
    let rule = rule(pending)?;
    let len = if rule.memory == Memory::KernelText as u8 {
        kernel_string(&mut pending.memory, pending.pointer)
    } else {
        string(&mut pending.memory, pending.pointer)
    };
    pending.len = u64::from(len);
    let mut hash = pending.hash;
    if len != UNREADABLE {
        if !is_absolute(&pending.memory) {
            pending.place = walk::folder(pending.folder as u32);
            // Where the kernel does not tell, the descriptor has to do.
            hash = mix(hash, pending.folder);
            hash = mix(hash, pending.place.entry);
        }
        hash = hashed(&mut pending.memory, len, hash);
    }
    // The path is told all the same, as one that is read.
    if rule.memory == Memory::TextAndWord as u8 && !read(&mut pending.word, 8, pending.second) {
        loss::count(Loss::TouchUnreadable, 1);
    }
    hash = mix(hash, pending.word);
    settle(ctx, pending, rule, hash);
    Ok(())
}

/// Reads a socket's address.
#[inline(always)]
pub fn address<C: Chain>(ctx: &C) -> Result<(), Error> {
    let (pending, _) = Pending::of_current().ok_or(Error::Unreadable)?;
    let rule = rule(pending)?;
    let mut hash = pending.hash;
    let Ok(named) = named(rule, pending) else {
        pending.len = u64::from(UNREADABLE);
        settle(ctx, pending, rule, hash);
        return Ok(());
    };
    if named.pointer != 0 {
        let len = socket::address(&mut pending.memory, named, rule.flags);
        pending.len = u64::from(len);
        if len != UNREADABLE {
            hash = hashed(&mut pending.memory, len, hash);
        }
    } else if rule.memory == Memory::SocketCall as u8 && named.length != 0 {
        // Domain and type of a new socket.
        pending.word = named.length;
        hash = mix(hash, named.length);
    } else {
        sent::next(ctx, pending, rule);
        return Ok(());
    }
    settle(ctx, pending, rule, hash);
    Ok(())
}

/// Reads eight bytes.
#[inline(always)]
pub fn word<C: Chain>(ctx: &C) -> Result<(), Error> {
    let (pending, _) = Pending::of_current().ok_or(Error::Unreadable)?;
    let rule = rule(pending)?;
    let behind = if rule.memory == Memory::WordBehind as u8 {
        8
    } else {
        0
    };
    let is_read = read(&mut pending.word, 8, pending.pointer + behind);
    pending.len = u64::from(if is_read { 8 } else { UNREADABLE });
    // A word says all or nothing: one that is not read again tells no thing that was touched.
    if !is_read && rule.flags & OUTCOME == 0 {
        loss::count(Loss::TouchUnreadable, 1);
        sent::next(ctx, pending, rule);
        return Ok(());
    }
    if rule.condition == WORD && pending.word & rule.needed == 0 {
        sent::next(ctx, pending, rule);
        return Ok(());
    }
    let hash = mix(pending.hash, pending.word);
    settle(ctx, pending, rule, hash);
    Ok(())
}

#[inline(always)]
fn settle<C: Chain>(ctx: &C, pending: &mut Pending, rule: &Rule, hash: u64) {
    // The kernel is about to read it: once the call returns the page is in.
    let is_unreadable = pending.len == u64::from(UNREADABLE);
    if is_unreadable && pending.result == NO_RESULT && rule.flags & OUTCOME != 0 {
        pending.is_unread = 1;
        sent::finish(ctx, pending, rule);
        return;
    }
    sent::settle(ctx, pending, rule, mix(hash, pending.len));
}
