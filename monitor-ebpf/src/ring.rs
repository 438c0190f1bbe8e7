//! The ring, and when its reader is woken.

use aya_ebpf::{
    bindings::{BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP, BPF_RB_RING_SIZE},
    macros::map,
    maps::{RingBuf, ring_buf::RingBufEntry},
};
use monitor_common::record::{CgroupRecord, Window};

use crate::{setting::setting, share};

// User space sets the size before the load.
#[map]
static RING: RingBuf = RingBuf::with_byte_size(1 << 23, 0);

/// Sends a copy of `window`; `false` when the ring is full, or has no room that other services may
/// not need.
///
/// Waking a reader that has caught up costs the watched thread some fifty times the record itself,
/// so it is woken only when much waits; it looks by itself at every flush interval.
#[inline(always)]
pub fn send(window: &Window) -> bool {
    let waiting = waiting();
    let size = RING.query(u64::from(BPF_RB_RING_SIZE));
    if !share::may_send(window.service, size.saturating_sub(waiting)) {
        return false;
    }
    // Before it is sent: whoever reads it is never ahead of what is noted.
    share::note_sent(window.service, Window::IN_RING);
    let sent = RING.output::<Window>(window, wake(waiting)).is_ok();
    if !sent {
        share::note_sent(window.service, Window::IN_RING.wrapping_neg());
    }
    sent
}

/// Room for another kind of record.
#[inline(always)]
pub fn reserve<T: 'static>() -> Option<RingBufEntry<T>> {
    RING.reserve::<T>(0)
}

/// Sends a record that was filled.
#[inline(always)]
pub fn submit<T>(record: RingBufEntry<T>) {
    record.submit(wake(waiting()));
}

/// Whether so little waits that windows find room whatever else is sent: less than half of the
/// ring.
#[inline(always)]
pub fn has_room() -> bool {
    // The reader is woken at a sixteenth, or earlier.
    waiting() < 8 * u64::from(setting!(FILTER.wake_bytes))
}

/// Bytes that wait to be read.
#[inline(always)]
fn waiting() -> u64 {
    RING.query(u64::from(BPF_RB_AVAIL_DATA))
}

#[inline(always)]
fn wake(waiting: u64) -> u64 {
    let wake = if waiting >= u64::from(setting!(FILTER.wake_bytes)) {
        BPF_RB_FORCE_WAKEUP
    } else {
        BPF_RB_NO_WAKEUP
    };
    u64::from(wake)
}

/// Sends a record that `fill` writes in place; `false` when the ring is full.
#[inline(always)]
pub fn send_cgroup(fill: impl FnOnce(&mut CgroupRecord)) -> bool {
    let Some(mut entry) = RING.reserve::<CgroupRecord>(0) else {
        return false;
    };
    // SAFETY: the kernel reserved as many bytes, and every one of them is written or a number that
    // may be any.
    fill(unsafe { &mut *entry.as_mut_ptr() });
    // At once, and they are few: whose it is should be known before its first process runs.
    entry.submit(u64::from(BPF_RB_FORCE_WAKEUP));
    true
}
