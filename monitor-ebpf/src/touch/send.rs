//! The last stage: a record of what is new.

use aya_ebpf::{helpers::bpf_ktime_get_ns, macros::map, maps::Array};
use monitor_common::{
    loss::Loss,
    touch::{OPENS, TOUCH, Touched, WALKED_FILE, WALKED_FOLDER, WALKED_NOTHING},
};

use super::{pending::Pending, rule, sent, stage::Chain, walk};
use crate::{Error, atomic, loss, ring, setting::touches_a_second, window};

/// Services whose rates are told apart; a power of two. Those beyond share.
const RATES: u32 = 1024;

/// Records a second that a thread may send whatever the others of its service send: one that
/// touches ever new things does not hide what another does.
const OF_THREAD: u32 = 64;

// By the service: the second of the latest record in the upper half, how many it had in the lower.
#[map]
static TOUCH_RATE: Array<u64> = Array::with_max_entries(RATES, 0);

/// Sends what is pending, if that may be sent, and goes on.
#[inline(always)]
pub fn send<C: Chain>(ctx: &C) -> Result<(), Error> {
    let (pending, ids) = Pending::of_current().ok_or(Error::Unreadable)?;
    let rule = rule(pending)?;
    let window = window::existing(ids.tid).ok_or(Error::Unreadable)?;
    // SAFETY: the helper has no precondition.
    let now = unsafe { bpf_ktime_get_ns() };
    if !may_send(now, pending) {
        sent::finish(ctx, pending, rule);
        return Ok(());
    }
    let (mut walked, mut mode) = (WALKED_NOTHING, 0);
    if rule.flags & OPENS != 0 && pending.result >= 0 {
        (pending.place, mode) = walk::opened(pending.result as u32);
        walked = WALKED_FILE;
    } else if !pending.place.is_none() {
        walked = WALKED_FOLDER;
    }
    let Some(mut record) = ring::reserve::<Touched>() else {
        loss::count(Loss::TouchRingFull, 1);
        sent::finish(ctx, pending, rule);
        return Ok(());
    };
    let touched = record.as_mut_ptr();
    // SAFETY: the pointer is to a whole record of the ring, which nobody else sees before it is
    // submitted; every field is written but the names beyond `levels`, which nobody reads.
    unsafe {
        (&raw mut (*touched).kind).write(TOUCH);
        (&raw mut (*touched).len).write(pending.len as u32);
        (&raw mut (*touched).tgid).write(window.tgid);
        (&raw mut (*touched).tid).write(window.tid);
        (&raw mut (*touched).start_ns).write(window.start_ns);
        (&raw mut (*touched).seq).write(pending.seq);
        (&raw mut (*touched).time_ns).write(now);
        (&raw mut (*touched).comm).write(window.comm);
        (&raw mut (*touched).number).write(pending.number);
        (&raw mut (*touched).abi_tag).write(u32::from(pending.abi_tag));
        (&raw mut (*touched).result).write(pending.result);
        (&raw mut (*touched).directory).write(pending.folder as i32);
        (&raw mut (*touched).service).write(pending.service);
        for place in 0..6 {
            (&raw mut (*touched).arguments[place]).write(pending.counted[place]);
        }
        (&raw mut (*touched).word).write(pending.word);
        (&raw mut (*touched).flags).write(u32::from(rule.flags));
        (&raw mut (*touched).walked).write(walked);
        (&raw mut (*touched).mode).write(mode);
        (&raw mut (*touched).padding).write(0);
        (&raw mut (*touched).memory)
            .cast::<[u64; 32]>()
            .write(pending.memory);
    }
    pending.walking = pending.place;
    walk::way(&mut pending.walking, touched);
    ring::submit(record);
    sent::note(pending.hash, sent::outcome(pending.result));
    sent::finish(ctx, pending, rule);
    Ok(())
}

/// Whether another record may go out: neither too many a second nor when windows may need the room.
#[inline(always)]
fn may_send(now: u64, pending: &mut Pending) -> bool {
    if !ring::has_room() {
        loss::count(Loss::TouchRingFull, 1);
        return false;
    }
    let Some(rate) = TOUCH_RATE.get_ptr_mut(pending.service & (RATES - 1)) else {
        return false;
    };
    // CPUs may overwrite each other's count: a limit need not be exact.
    let count = this_second(now, atomic::read(rate));
    pending.rate = this_second(now, pending.rate);
    let most = touches_a_second();
    if count as u32 >= most && pending.rate as u32 >= OF_THREAD.min(most) {
        loss::count(Loss::TouchRate, 1);
        return false;
    }
    atomic::write(rate, count + 1);
    pending.rate += 1;
    true
}

/// The count of a second of 2^30 ns: that of `latest` while it goes on, else none yet.
#[inline(always)]
fn this_second(now: u64, latest: u64) -> u64 {
    let second = now >> 30 << 32;
    if latest >> 32 << 32 == second {
        latest
    } else {
        second
    }
}
