//! What each service has of what all of them share: a fork bomb or a flood in one leaves room for
//! the others.

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

// Entries of the hash of threads. Those of all are counted where there is one service, too: where
// there are none user space leaves the hash alone.
#[map]
static THREAD_SHARES: Array<u64> = Array::with_max_entries(PLACES, BPF_F_MMAPABLE);

// The same of the hash of processes. User space adds and removes some itself.
#[map]
static PROCESS_SHARES: Array<u64> = Array::with_max_entries(PLACES, BPF_F_MMAPABLE);

/// Whether there are several services, so that each is counted.
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

/// A hash of which each service has its part.
#[derive(Clone, Copy)]
pub enum Table {
    Threads,
    Processes,
}

impl Table {
    /// Whether a service may have another entry.
    #[inline(always)]
    pub fn may_list(self, service: Service) -> bool {
        if !is_counted() {
            return true;
        }
        let all = read(self.share(SHARE_OF_ALL));
        let own = read(self.share(share_place(service)));
        may_have(own, u64::from(self.places()).saturating_sub(all))
    }

    /// Notes entries that a service has more, of a negative number: that it has less.
    #[inline(always)]
    pub fn note(self, service: Service, count: u64) {
        if is_counted() {
            add(self.share(share_place(service)), count);
        }
        add(self.share(SHARE_OF_ALL), count);
    }

    #[inline(always)]
    fn share(self, place: u32) -> Option<*mut u64> {
        match self {
            Self::Threads => THREAD_SHARES.get_ptr_mut(place),
            Self::Processes => PROCESS_SHARES.get_ptr_mut(place),
        }
    }

    #[inline(always)]
    fn places(self) -> u32 {
        match self {
            Self::Threads => thread_places(),
            Self::Processes => process_places(),
        }
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
