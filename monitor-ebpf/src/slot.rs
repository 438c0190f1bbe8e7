//! The windows of most threads: in an array, by the low bits of the thread's number.
//!
//! The verifier turns a look-up in an array into a few instructions, one in a hash stays a chain of
//! calls. A thread whose slot another one has is in the hash of [`crate::window`].

use aya_ebpf::{
    bindings::{BPF_F_MMAPABLE, BPF_NOEXIST},
    macros::map,
    maps::{Array, HashMap},
};
use monitor_common::record::Window;

use crate::{atomic, setting::slot_mask};

// User space sets the sizes of the three before the load, and maps the first two.
#[map]
static SLOT_OWNERS: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);
#[map]
static SLOT_WINDOWS: Array<Window> = Array::with_max_entries(1, BPF_F_MMAPABLE);

// Of several threads that want a slot at the same time one gets in here: array elements have no
// atomic exchange on kernels before 5.12, and adding without it orders nothing on weakly ordered
// CPUs.
#[map]
static SLOT_CLAIMS: HashMap<u32, u8> = HashMap::with_max_entries(1, 0);

#[inline(always)]
fn owner(tid: u32) -> Option<*mut u64> {
    SLOT_OWNERS.get_ptr_mut(tid & slot_mask())
}

#[inline(always)]
fn window(tid: u32) -> Option<&'static mut Window> {
    let window = SLOT_WINDOWS.get_ptr_mut(tid & slot_mask())?;
    // SAFETY: the verifier checked the pointer. Only the slot's owner writes to it, and a thread
    // runs on one CPU at a time; the reader only takes copies.
    Some(unsafe { &mut *window })
}

/// Whether thread `tid` has a slot.
#[inline(always)]
pub fn is_owned(tid: u32) -> bool {
    owner(tid).map(atomic::read) == Some(u64::from(tid))
}

/// The window of thread `tid`, if it has a slot.
#[inline(always)]
pub fn owned(tid: u32) -> Option<&'static mut Window> {
    if is_owned(tid) { window(tid) } else { None }
}

/// The window of the slot, if thread `tid` can have it; nobody sees it before [`publish`].
#[inline(always)]
pub fn claim(tid: u32) -> Option<&'static mut Window> {
    let slot = tid & slot_mask();
    SLOT_CLAIMS.insert(slot, 0, u64::from(BPF_NOEXIST)).ok()?;
    window(tid)
}

/// Makes the slot that `tid` claimed its own.
#[inline(always)]
pub fn publish(tid: u32) {
    if let Some(owner) = owner(tid) {
        atomic::write(owner, u64::from(tid));
    }
}

/// Gives the slot back that `tid` owns.
#[inline(always)]
pub fn release(tid: u32) {
    if let Some(owner) = owner(tid) {
        atomic::write(owner, 0);
    }
    // Not there is as good as removed.
    let _ = SLOT_CLAIMS.remove(tid & slot_mask());
}
