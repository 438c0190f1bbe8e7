//! Who is watched.

use aya_ebpf::{
    bindings::{BPF_F_MMAPABLE, BPF_NOEXIST},
    macros::map,
    maps::{Array, HashMap},
};
use monitor_common::{
    loss::Loss,
    target::{
        Admission, EPOCH_GENERATION, Membership, NESTED, Service, Watched, is_watched, member,
        service_of, stranger, stranger_tid, watched_entry, watched_slot,
    },
};

use crate::{
    Error, atomic, cgroup_service, loss,
    setting::setting,
    share,
    task::{Ids, Running, Task},
};

// User space sets the sizes of both before the load.
#[map]
static PROCESSES: HashMap<u32, u64> = HashMap::with_max_entries(10240, 0);
#[map]
static NAMED_PROCESSES: HashMap<u32, u64> = HashMap::with_max_entries(10240, 0);

#[map]
static WATCHED: Array<Watched> = Array::with_max_entries(1, BPF_F_MMAPABLE);

/// The value of [`WATCHED`].
#[derive(Clone, Copy)]
struct Known(*mut Watched);

impl Known {
    #[inline(always)]
    fn get() -> Option<Self> {
        WATCHED.get_ptr_mut(0).map(Self)
    }

    #[inline(always)]
    fn epoch(self) -> *mut u64 {
        // SAFETY: the verifier checked the pointer; nothing is read.
        unsafe { &raw mut (*self.0).epoch }
    }

    #[inline(always)]
    fn process(self, tgid: u32) -> *mut u64 {
        // SAFETY: as above; the slot is one of the array's.
        unsafe { &raw mut (*self.0).processes[watched_slot(tgid) as usize] }
    }

    #[inline(always)]
    fn stranger(self, tid: u32) -> *mut u64 {
        // SAFETY: as above.
        unsafe { &raw mut (*self.0).strangers[watched_slot(tid) as usize] }
    }
}

/// The epoch now.
#[inline(always)]
pub fn epoch() -> u64 {
    Known::get().map_or(0, |known| atomic::read(known.epoch()))
}

/// Has every membership asked again that is older than this.
#[inline(always)]
pub fn renew() {
    if let Some(known) = Known::get() {
        atomic::add(known.epoch(), EPOCH_GENERATION);
    }
}

/// Whether the running task, whose tgid this is, is watched.
///
/// Most calls of a host are of processes that are not: what these pass is kept short. The monitor
/// itself is never listed.
#[inline(always)]
pub fn watches(task: Running, tgid: u32) -> Result<bool, Error> {
    // Read once: the verifier knows it and leaves out what is not taken, but not the reading.
    let admission = setting!(FILTER.admission);
    if admission >= NESTED {
        return watches_nested(task, tgid, admission - NESTED);
    }
    if admission == Admission::All as u32 {
        return Ok(tgid != setting!(FILTER.self_tgid));
    }
    let Some(known) = Known::get() else {
        return Ok(false);
    };
    let slot = atomic::read(known.process(tgid));
    // A slot of no process says that this one is not in the hash, as does one of another process
    // alone.
    if slot != 0 {
        if slot == watched_entry(tgid) {
            return Ok(true);
        }
        if slot >= SEVERAL
            && let Some(member) = member_of(tgid)
        {
            return Ok(is_watched(member));
        }
    }
    admit(known, task, tgid, admission)
}

/// Adds a child of the running task, which is watched; `false` when that makes no difference to who
/// is watched.
#[inline(always)]
pub fn follow(parent: Ids, child: Ids) -> bool {
    let parent = member_of(parent.tgid);
    if setting!(FILTER.follow) == 0
        || setting!(FILTER.admission) == Admission::All as u32 && parent.is_none()
    {
        return false;
    }
    let service = parent.map_or(setting!(FILTER.service), service_of);
    let listed = list(child.tgid, member(Membership::Watched, false, service));
    if !listed {
        loss::count(Loss::ProcessTableFull, 1);
    }
    listed
}

/// Makes sure that a new thread is asked for, whoever had its id before.
#[inline(always)]
pub fn introduce(tid: u32) {
    let admission = setting!(FILTER.admission);
    let by_cgroup = Admission::Cgroup as u32;
    if (admission == by_cgroup || admission == by_cgroup + NESTED)
        && let Some(known) = Known::get()
        && stranger_tid(atomic::read(known.stranger(tid))) == tid
    {
        atomic::write(known.stranger(tid), 0);
    }
}

/// Forgets a process that ended; `false` when it was not listed.
#[inline(always)]
pub fn forget(tgid: u32) -> bool {
    if setting!(FILTER.pid_namespace) != 0 {
        match Task::current().visible_tgid() {
            // A later process of the same id is another one. A missing entry is fine.
            Ok(Some(visible)) => drop(NAMED_PROCESSES.remove(visible)),
            Ok(None) => {}
            Err(_) => loss::count(Loss::LifecycleUnreadable, 1),
        }
    }
    // Not an option: the verifier refuses what the compiler makes of one here.
    let member = member_of(tgid).unwrap_or(0);
    let watched = is_watched(member);
    let listed = PROCESSES.remove(tgid).is_ok();
    if listed {
        share::Table::Processes.note(service_of(member), u64::MAX);
    }
    if listed
        && watched
        && let Some(known) = Known::get()
    {
        atomic::add(known.process(tgid), watched_entry(tgid).wrapping_neg());
    }
    listed
}

/// The entry of a process, if it is listed.
#[inline(always)]
pub fn member_of(tgid: u32) -> Option<u64> {
    let listed = PROCESSES.get_ptr_mut(tgid)?;
    // A value that is reused for another process at this moment is still a whole one, and the next
    // call sees the right one.
    Some(atomic::read(listed))
}

/// Makes a listed process one of another service.
#[inline(always)]
pub fn transfer(tgid: u32, service: Service) {
    if let Some(listed) = PROCESSES.get_ptr_mut(tgid) {
        share::Table::Processes.note(service_of(atomic::read(listed)), u64::MAX);
        share::Table::Processes.note(service, 1);
        atomic::write(listed, member(Membership::Watched, false, service));
    }
}

/// A slot of at least this value is that of several processes.
const SEVERAL: u64 = 2 * watched_entry(0);

// EEXIST of include/uapi/asm-generic/errno-base.h.
const EXISTS: i32 = -17;

#[inline(always)]
fn list(tgid: u32, member: u64) -> bool {
    if !share::Table::Processes.may_list(service_of(member)) {
        return false;
    }
    match PROCESSES.insert(tgid, member, u64::from(BPF_NOEXIST)) {
        Ok(()) => {
            share::Table::Processes.note(service_of(member), 1);
            if is_watched(member)
                && let Some(known) = Known::get()
            {
                atomic::add(known.process(tgid), watched_entry(tgid));
            }
            true
        }
        Err(error) => error == EXISTS,
    }
}

/// The same where the monitor's pid namespace is not the initial one: it may not show the process.
#[inline(always)]
fn watches_nested(task: Running, tgid: u32, admission: u32) -> Result<bool, Error> {
    let Some(known) = Known::get() else {
        return Ok(false);
    };
    if atomic::read(known.process(tgid)) == watched_entry(tgid) {
        return Ok(true);
    }
    if let Some(member) = member_of(tgid) {
        return Ok(is_watched(member));
    }
    // What the namespace does not show has no id there and is not watched.
    let Some(visible) = Task::current().visible_tgid()? else {
        return Ok(false);
    };
    if visible == setting!(FILTER.self_namespace_tgid) {
        list(tgid, member(Membership::Excluded, false, 0));
        return Ok(false);
    }
    if let Some(named) = NAMED_PROCESSES.get_ptr_mut(visible) {
        list(tgid, atomic::read(named));
        return Ok(true);
    }
    admit(known, task, tgid, admission)
}

// A process that was admitted once stays so: renaming itself, changing its user or leaving its
// cgroup does not take it out of sight.
#[inline(always)]
fn admit(known: Known, task: Running, tgid: u32, admission: u32) -> Result<bool, Error> {
    let owner;
    if admission != Admission::Cgroup as u32 {
        let admitted = if admission == Admission::Uid as u32 {
            task.has_wanted_uid()
        } else if admission == Admission::Comm as u32 {
            task.has_wanted_name()?
        } else {
            admission == Admission::All as u32
        };
        if !admitted {
            return Ok(false);
        }
        owner = setting!(FILTER.service);
    } else {
        let tid = task.tid();
        // Read before it is asked: what changes in between is asked again.
        let asked = stranger(atomic::read(known.epoch()), tid);
        let kept = known.stranger(tid);
        if atomic::read(kept) == asked {
            return Ok(false);
        }
        owner = cgroup_service::of_current()?;
        if owner == 0 {
            atomic::write(kept, asked);
            return Ok(false);
        }
    }
    if tgid == setting!(FILTER.self_tgid) {
        return Ok(false);
    }
    // Without room in the table it is admitted again with its next call.
    list(tgid, member(Membership::Watched, false, owner));
    Ok(true)
}
