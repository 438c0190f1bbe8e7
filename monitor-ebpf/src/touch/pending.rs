//! The call that a thread is in, and what is read of it.

use aya_ebpf::{
    macros::map,
    maps::{Array, HashMap},
};
use monitor_common::{record::Window, touch::NO_RESULT};

use super::walk::Place;
use crate::{
    record::{Arguments, Memory},
    setting::{reads_details, slot_mask},
    slot,
    task::{Ids, Running},
};

/// What stages of reading leave for each other, and for the return of the call.
#[repr(C)]
pub struct Pending {
    /// The thread, in the initial pid namespace.
    pub owner: u32,
    /// Whether its return is waited for: 0 or 1.
    pub is_awaited: u32,
    /// The place of the call in its thread.
    pub seq: u64,
    pub number: u32,
    pub abi_tag: u8,
    /// The rule that is followed.
    pub rule: u8,
    /// Whether what it names is to be read when it returns: 0 or 1.
    pub is_unread: u8,
    pub padding: u8,
    pub tgid: u32,
    pub service: u32,
    /// What the kernel returned, or [`NO_RESULT`].
    pub result: i64,
    /// Of the call and what of it was read up to now.
    pub hash: u64,
    /// As the thread gave them.
    pub arguments: Arguments,
    /// Those bits of them that the rule asks for.
    pub counted: Arguments,
    pub pointer: u64,
    pub second: u64,
    /// The descriptor of the directory that a path is relative to.
    pub folder: u64,
    /// That directory, or the file that was opened.
    pub place: Place,
    /// Where the way from there to the root has come.
    pub walking: Place,
    pub word: u64,
    /// Its records of the latest second: the second in the upper half, how many in the lower.
    pub rate: u64,
    /// Bytes of `memory`, or [`monitor_common::touch::UNREADABLE`].
    pub len: u64,
    pub memory: Memory,
}

// By the slot of a thread, whose owner alone reads and writes it. User space sets the sizes of this
// and of the next before the load.
#[map]
static PENDING: Array<Pending> = Array::with_max_entries(1, 0);

// Of threads whose slot another one has, each of which has a window in a hash of the same size, so
// that what a service may have there bounds this too.
#[map]
static PENDING_OTHERS: HashMap<u32, Pending> = HashMap::with_max_entries(1, 0);

// What an entry there begins as; nobody writes to it. It is too large for a program's stack.
#[map]
static NO_PENDING: Array<Pending> = Array::with_max_entries(1, 0);

/// Gives the room back that a thread without a slot has.
#[inline(always)]
pub fn forget(tid: u32) {
    if reads_details() {
        // Not there is as good as removed.
        let _ = PENDING_OTHERS.remove(tid);
    }
}

impl Pending {
    /// That of a thread; `None` where there is no room for it.
    #[inline(always)]
    pub fn of(tid: u32) -> Option<&'static mut Self> {
        let pending = if slot::is_owned(tid) {
            PENDING.get_ptr_mut(tid & slot_mask())?
        } else {
            PENDING_OTHERS.get_ptr_mut(tid)?
        };
        // SAFETY: the verifier checked the pointer. Only the thread itself uses it, and none of its
        // programs begins before the one before it has ended.
        Some(unsafe { &mut *pending })
    }

    /// That of a thread that has a window, made where it has none yet and no slot.
    #[inline(always)]
    pub fn made(tid: u32) -> Option<&'static mut Self> {
        if !slot::is_owned(tid) && PENDING_OTHERS.get_ptr(tid).is_none() {
            PENDING_OTHERS.insert(tid, NO_PENDING.get(0)?, 0).ok()?;
        }
        Self::of(tid)
    }

    /// That of the running thread, with its ids.
    #[inline(always)]
    pub fn of_current() -> Option<(&'static mut Self, Ids)> {
        let ids = Running::task().ids();
        Some((Self::of(ids.tid)?, ids))
    }

    /// Forgets the call before, for one of this window's thread.
    #[inline(always)]
    pub fn begin(&mut self, window: &Window, ids: Ids, seq: u64, call: (u32, u8), rule: u8) {
        let (number, abi_tag) = call;
        self.owner = ids.tid;
        self.is_awaited = 0;
        self.seq = seq;
        self.number = number;
        self.abi_tag = abi_tag;
        self.rule = rule;
        self.tgid = window.tgid;
        self.service = window.service;
        self.result = NO_RESULT;
        self.arguments[6] = 0;
        self.arguments[7] = 0;
        self.is_unread = 0;
    }
}
