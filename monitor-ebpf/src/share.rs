//! What each service has of what all of them share: a fork bomb or a flood in one leaves room for the others.

use aya_ebpf::{bindings::BPF_F_MMAPABLE, macros::map, maps::Array};
use monitor_common::target::{SHARE_OF_ALL, SHARES, Service, may_have, share_place};

use crate::{
    atomic,
    setting::{process_places, setting, thread_places},
};

const PLACES: u32 = SHARES + 1;

// Bytes of windows that wait in the ring. Whoever reads them takes them off.
#[map]
static RING_SHARES: Array<u64> = Array::with_max_entries(PLACES, BPF_F_MMAPABLE);

// Entries of the hash of threads.
#[map]
static THREAD_SHARES: Array<u64> = Array::with_max_entries(PLACES, 0);

// Entries of the hash of processes. User space adds and removes some itself.
#[map]
static PROCESS_SHARES: Array<u64> = Array::with_max_entries(PLACES, BPF_F_MMAPABLE);

/// Whether there are several services, so that they are counted.
#[inline(always)]
pub fn is_counted() -> bool {
    setting!(FILTER.shared) != 0
}

/// Whether a service may send a window of so many bytes while so much of the ring is free.
#[inline(always)]
pub fn may_send(service: Service, free: u64) -> bool {
    !is_counted() || may_have(read(RING_SHARES.get_ptr_mut(share_place(service))), free)
}

/// Notes bytes that a service sends; negative ones were not sent after all.
#[inline(always)]
pub fn note_sent(service: Service, bytes: u64) {
    if is_counted() {
        add(RING_SHARES.get_ptr_mut(share_place(service)), bytes);
    }
}

/// Whether a service may have another entry of the hash of threads.
#[inline(always)]
pub fn may_list_thread(service: Service) -> bool {
    if !is_counted() {
        return true;
    }
    let all = read(THREAD_SHARES.get_ptr_mut(SHARE_OF_ALL));
    let own = read(THREAD_SHARES.get_ptr_mut(share_place(service)));
    may_have(own, u64::from(thread_places()).saturating_sub(all))
}

/// Notes threads that were listed, of a negative number: that are not any more.
#[inline(always)]
pub fn note_threads(service: Service, count: u64) {
    if is_counted() {
        add(THREAD_SHARES.get_ptr_mut(share_place(service)), count);
        add(THREAD_SHARES.get_ptr_mut(SHARE_OF_ALL), count);
    }
}

/// Whether a service may have another entry of the hash of processes.
#[inline(always)]
pub fn may_list_process(service: Service) -> bool {
    if !is_counted() {
        return true;
    }
    let all = read(PROCESS_SHARES.get_ptr_mut(SHARE_OF_ALL));
    let own = read(PROCESS_SHARES.get_ptr_mut(share_place(service)));
    may_have(own, u64::from(process_places()).saturating_sub(all))
}

/// Notes processes that were listed, of a negative number: that are not any more.
#[inline(always)]
pub fn note_processes(service: Service, count: u64) {
    if is_counted() {
        add(PROCESS_SHARES.get_ptr_mut(share_place(service)), count);
        add(PROCESS_SHARES.get_ptr_mut(SHARE_OF_ALL), count);
    }
}

#[inline(always)]
fn read(share: Option<*mut u64>) -> u64 {
    share.map_or(0, atomic::read)
}

#[inline(always)]
fn add(share: Option<*mut u64>, amount: u64) {
    if let Some(share) = share {
        atomic::add(share, amount);
    }
}
