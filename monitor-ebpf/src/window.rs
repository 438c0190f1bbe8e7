//! The window of calls that each watched thread is filling.

use aya_ebpf::{
    bindings::BPF_F_MMAPABLE,
    helpers::{bpf_get_current_comm, bpf_ktime_get_ns},
    macros::map,
    maps::{Array, HashMap},
};
use aya_log_ebpf::warn;
use monitor_common::{
    loss::Loss,
    record::{Cause, WINDOW_CALLS, Window, left_key, owner, pack},
    target::{Service, generation},
};

use crate::{
    Error, atomic, filter, loss, ring, service, share, slot,
    task::{Ids, Task},
};

// Of threads whose slot another one has. User space sets the sizes of both before the load.
#[map]
static THREADS: HashMap<u32, Window> = HashMap::with_max_entries(10240, 0);

// Of threads that ended while the ring was full, until the reader takes them.
#[map]
static LEFT: HashMap<[u64; 2], Window> = HashMap::with_max_entries(10240, 0);

// How many those ever were: where there is none the reader leaves the hash alone.
#[map]
static EVER_LEFT: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);

// What a thread's entry in the hash begins as; nobody writes to it. A window is too large for the
// 512 bytes of a program's stack, and scratch memory of the CPU could be another program's
// meanwhile.
#[map]
static EMPTY_WINDOW: Array<Window> = Array::with_max_entries(1, 0);

const ONE_LESS: u64 = u64::MAX;

/// The window of the running thread, made when it has none yet.
#[inline(always)]
pub fn of_current(ids: Ids) -> Result<&'static mut Window, Error> {
    if let Some(window) = slot::owned(ids.tid) {
        return Ok(window);
    }
    if let Some(window) = listed(ids.tid) {
        return Ok(window);
    }
    create(ids)?;
    existing(ids.tid).ok_or(Error::NoRoom)
}

/// The window of thread `tid`, if it has one.
#[inline(always)]
pub fn existing(tid: u32) -> Option<&'static mut Window> {
    match slot::owned(tid) {
        Some(window) => Some(window),
        None => listed(tid),
    }
}

#[inline(always)]
fn listed(tid: u32) -> Option<&'static mut Window> {
    let window = THREADS.get_ptr_mut(tid)?;
    // SAFETY: the verifier checked the pointer. Only the thread itself writes to its window, and a
    // thread runs on one CPU at a time; the reader only takes copies.
    Some(unsafe { &mut *window })
}

#[inline(always)]
fn unlist(tid: u32, service: Service) {
    if THREADS.remove(tid).is_ok() {
        share::Table::Threads.note(service, ONE_LESS);
    }
}

/// What a window of the running thread begins with.
struct Beginning {
    visible: Ids,
    start_ns: u64,
    comm: [u8; 16],
    service: Service,
    epoch: u64,
}

impl Beginning {
    #[inline(always)]
    fn of_current(ids: Ids) -> Result<Self, Error> {
        let task = Task::current();
        // Before the service is asked for: what changes in between is asked again with the first
        // call.
        let epoch = filter::epoch();
        Ok(Self {
            visible: task.visible_ids(ids)?,
            start_ns: task.start_ns()?,
            comm: bpf_get_current_comm().map_err(|_| Error::Unreadable)?,
            service: service::of_current(ids)?,
            epoch,
        })
    }

    // The calls are left as they are, as the window has none.
    #[inline(always)]
    fn write(&self, window: &mut Window) {
        window.cause = Cause::Open as u32;
        window.len = 0;
        window.tgid = self.visible.tgid;
        window.tid = self.visible.tid;
        window.start_ns = self.start_ns;
        window.first_seq = 0;
        window.comm = self.comm;
        window.service = self.service;
        window.resumed_ns = 0;
        window.epoch = self.epoch;
    }
}

// It does not give the window back: the verifier loses a pointer that goes through memory.
#[inline(never)]
fn create(ids: Ids) -> Result<(), Error> {
    // Read before a slot is claimed: what fails in between cannot leave it claimed by nobody.
    let beginning = Beginning::of_current(ids)?;
    if let Some(window) = slot::claim(ids.tid) {
        beginning.write(window);
        slot::publish(ids.tid);
        return Ok(());
    }
    let empty = EMPTY_WINDOW.get(0).ok_or(Error::NoRoom)?;
    let may = share::Table::Threads.may_list(beginning.service);
    if !may || THREADS.insert(ids.tid, empty, 0).is_err() {
        loss::count(Loss::ThreadTableFull, 1);
        warn!(
            (),
            "thread table full: calls of thread {} are not seen", beginning.visible.tid
        );
        return Err(Error::NoRoom);
    }
    share::Table::Threads.note(beginning.service, 1);
    // Whoever copies the table meanwhile sees a window of nobody.
    if let Some(window) = listed(ids.tid) {
        beginning.write(window);
    }
    Ok(())
}

/// Adds a call of the running thread, and sends the window when that filled it. An error leaves the
/// window as it is.
#[inline(always)]
pub fn push(window: &mut Window, ids: Ids, number: u32, abi_tag: u8) -> Result<(), Error> {
    let epoch = filter::epoch();
    if window.epoch != epoch {
        renew(window, ids, epoch)?;
    }
    let place = window.len;
    if place == 0 {
        // SAFETY: the helper has no precondition.
        window.first_ns = unsafe { bpf_ktime_get_ns() };
        window.resumed_ns = 0;
    }
    let seq = window.first_seq + u64::from(place);
    let owner = owner(window.tgid, window.tid, window.start_ns);
    window.slots[place as usize & (WINDOW_CALLS - 1)] = pack(number, abi_tag, seq, owner);
    window.len = place + 1;
    if window.len as usize >= WINDOW_CALLS {
        if let Ok(comm) = bpf_get_current_comm() {
            window.comm = comm;
        }
        send(window, Cause::Full);
    }
    Ok(())
}

/// The first call since the reader looked, or since services changed.
#[inline(always)]
fn renew(window: &mut Window, ids: Ids, epoch: u64) -> Result<(), Error> {
    if generation(window.epoch) != generation(epoch) {
        let service = service::of_current(ids)?;
        if service != window.service {
            if window.len > 0 {
                send(window, Cause::Full);
            }
            if share::is_counted() && !slot::is_owned(ids.tid) {
                share::Table::Threads.note(window.service, ONE_LESS);
                share::Table::Threads.note(service, 1);
            }
            window.service = service;
        }
    }
    window.epoch = epoch;
    // The reader may have a copy of what is there: the rest of the window has a time of its own.
    window.resumed_len = window.len;
    // SAFETY: the helper has no precondition.
    window.resumed_ns = unsafe { bpf_ktime_get_ns() };
    Ok(())
}

/// Sends what the window holds and empties it. When the ring is full its calls are lost, and
/// counted; `false` then.
#[inline(always)]
pub fn send(window: &mut Window, cause: Cause) -> bool {
    // SAFETY: the helper has no precondition.
    let now = unsafe { bpf_ktime_get_ns() };
    if window.len == 0 {
        window.first_ns = now;
    }
    window.last_ns = now;
    window.cause = cause as u32;
    let sent = ring::send(window);
    if matches!(cause, Cause::Exit) {
        if !sent {
            window.cause = Cause::Left as u32;
        }
        return sent;
    }
    if !sent {
        loss::count(Loss::RingFull, u64::from(window.len));
        if matches!(cause, Cause::Fork | Cause::Exec) {
            loss::count(Loss::LifecycleRingFull, 1);
        }
    }
    window.first_seq += u64::from(window.len);
    window.len = 0;
    window.cause = Cause::Open as u32;
    sent
}

/// Ends the thread `tid`: its last calls are sent, or where the ring has no room for them left for
/// the reader. Whether it had a window and no slot.
#[inline(always)]
pub fn end(tid: u32) -> bool {
    if let Some(window) = slot::owned(tid) {
        finish(window);
        // Whoever has the slot next, a reader does not take these calls for the new owner's.
        window.len = 0;
        slot::release(tid);
        return false;
    }
    let Some(window) = listed(tid) else {
        return false;
    };
    finish(window);
    let service = window.service;
    unlist(tid, service);
    true
}

#[inline(always)]
fn finish(window: &mut Window) {
    if send(window, Cause::Exit) {
        return;
    }
    // By reference: a copy would take most of the stack.
    let left: &Window = window;
    if LEFT.insert(left_key(left), left, 0).is_err() {
        loss::count(Loss::LeftTableFull, u64::from(left.len));
    } else if let Some(ever) = EVER_LEFT.get_ptr_mut(0) {
        // Afterwards: who knows of one finds it.
        atomic::add(ever, 1);
    }
}
