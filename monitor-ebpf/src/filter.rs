//! Who is watched.

use aya_ebpf::{
    bindings::{BPF_F_MMAPABLE, BPF_NOEXIST},
    macros::map,
    maps::{Array, HashMap},
};
use monitor_common::{
    loss::Loss,
    target::{
        Admission, Membership, Service, WATCHED_SLOTS, is_watched, member, service_of,
        watched_entry, watched_slot,
    },
};

use crate::{
    Error, atomic, loss, service,
    setting::setting,
    share,
    task::{Ids, Running, Task},
};

// User space sets the sizes of both before the load.
#[map]
static PROCESSES: HashMap<u32, u64> = HashMap::with_max_entries(10240, 0);
#[map]
static NAMED_PROCESSES: HashMap<u32, u64> = HashMap::with_max_entries(10240, 0);

// What most calls of a host need to know without looking into a hash: see `watched_entry`.
#[map]
static WATCHED: Array<u64> = Array::with_max_entries(WATCHED_SLOTS, BPF_F_MMAPABLE);

// The same for threads that are in no service's cgroup, by the low bits of their ids: the thread, and the generation in
// which that was found. One that forks, changes its cgroup or sees cgroups change is asked for again.
#[map]
static STRANGERS: Array<u64> = Array::with_max_entries(WATCHED_SLOTS, 0);

/// Whether the running task, whose ids these are, is watched.
#[inline(always)]
pub fn watches(task: Running, ids: Ids) -> Result<bool, Error> {
    if ids.tgid == setting!(FILTER.self_tgid) {
        return Ok(false);
    }
    let nested = setting!(FILTER.pid_namespace) != 0;
    let admission = setting!(FILTER.admission);
    if admission == Admission::All as u32 && !nested {
        return Ok(true);
    }
    let slot = slot(ids.tgid).map_or(0, atomic::read);
    if slot == watched_entry(ids.tgid) {
        return Ok(true);
    }
    // A slot of none or one process says that this one is not in the hash.
    if slot >= SEVERAL || nested {
        if let Some(member) = member_of(ids.tgid) {
            return Ok(is_watched(member));
        }
    } else if admission == Admission::Listed as u32 {
        return Ok(false);
    }
    if nested {
        return admit_nested(task, ids, admission);
    }
    admit(task, ids, admission)
}

/// Adds a child of the running task, which is watched; `false` when that makes no difference to who is watched.
#[inline(always)]
pub fn follow(parent: Ids, child: Ids) -> bool {
    let nested = setting!(FILTER.pid_namespace) != 0;
    let parent = member_of(parent.tgid);
    if setting!(FILTER.follow) == 0
        || setting!(FILTER.admission) == Admission::All as u32 && !nested && parent.is_none()
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
    if setting!(FILTER.admission) == Admission::Cgroup as u32
        && let Some(stranger) = stranger(tid)
        && atomic::read(stranger) as u32 == tid
    {
        atomic::write(stranger, 0);
    }
}

/// Forgets a process that ended; `false` when it was not listed.
#[inline(always)]
pub fn forget(tgid: u32) -> bool {
    if setting!(FILTER.pid_namespace) != 0
        && let Ok(Some(visible)) = Task::current().visible_tgid()
    {
        // A later process of the same id is another one. A missing entry is fine.
        let _ = NAMED_PROCESSES.remove(visible);
    }
    // Not an option: the verifier refuses what the compiler makes of one here.
    let member = member_of(tgid).unwrap_or(0);
    let watched = is_watched(member);
    let listed = PROCESSES.remove(tgid).is_ok();
    if listed {
        share::note_processes(service_of(member), u64::MAX);
    }
    if listed
        && watched
        && let Some(slot) = slot(tgid)
    {
        atomic::add(slot, watched_entry(tgid).wrapping_neg());
    }
    listed
}

/// The entry of a process, if it is listed.
#[inline(always)]
pub fn member_of(tgid: u32) -> Option<u64> {
    let listed = PROCESSES.get_ptr_mut(tgid)?;
    // A value that is reused for another process at this moment is still a whole one, and the next call
    // sees the right one.
    Some(atomic::read(listed))
}

/// Makes a listed process one of another service.
#[inline(always)]
pub fn transfer(tgid: u32, service: Service) {
    if let Some(listed) = PROCESSES.get_ptr_mut(tgid) {
        share::note_processes(service_of(atomic::read(listed)), u64::MAX);
        share::note_processes(service, 1);
        atomic::write(listed, member(Membership::Watched, false, service));
    }
}

/// A slot of at least this value is that of several processes.
const SEVERAL: u64 = 2 * watched_entry(0);

#[inline(always)]
fn slot(tgid: u32) -> Option<*mut u64> {
    WATCHED.get_ptr_mut(watched_slot(tgid))
}

#[inline(always)]
fn stranger(tid: u32) -> Option<*mut u64> {
    STRANGERS.get_ptr_mut(watched_slot(tid))
}

// EEXIST of include/uapi/asm-generic/errno-base.h.
const EXISTS: i32 = -17;

#[inline(always)]
fn list(tgid: u32, member: u64) -> bool {
    if !share::may_list_process(service_of(member)) {
        return false;
    }
    match PROCESSES.insert(tgid, member, u64::from(BPF_NOEXIST)) {
        Ok(()) => {
            share::note_processes(service_of(member), 1);
            if is_watched(member)
                && let Some(slot) = slot(tgid)
            {
                atomic::add(slot, watched_entry(tgid));
            }
            true
        }
        Err(error) => error == EXISTS,
    }
}

/// A process that the monitor's pid namespace, which is not the initial one, may not show.
#[inline(always)]
fn admit_nested(task: Running, ids: Ids, admission: u32) -> Result<bool, Error> {
    // What the namespace does not show has no id there and is not watched.
    let Some(tgid) = Task::current().visible_tgid()? else {
        return Ok(false);
    };
    if tgid == setting!(FILTER.self_namespace_tgid) {
        list(ids.tgid, member(Membership::Excluded, false, 0));
        return Ok(false);
    }
    if let Some(named) = NAMED_PROCESSES.get_ptr_mut(tgid) {
        list(ids.tgid, atomic::read(named));
        return Ok(true);
    }
    admit(task, ids, admission)
}

// A process that was admitted once stays so: renaming itself, changing its user or leaving its
// cgroup does not take it out of sight.
#[inline(always)]
fn admit(task: Running, ids: Ids, admission: u32) -> Result<bool, Error> {
    let mut owner = setting!(FILTER.service);
    let admitted = if admission == Admission::All as u32 {
        true
    } else if admission == Admission::Uid as u32 {
        task.uid() == setting!(FILTER.uid)
    } else if admission == Admission::Comm as u32 {
        task.has_wanted_name()?
    } else if admission == Admission::Cgroup as u32 {
        let asked = u64::from(service::current_generation()) << 32 | u64::from(ids.tid);
        let stranger = stranger(ids.tid);
        if stranger.map(atomic::read) == Some(asked) {
            return Ok(false);
        }
        owner = service::of_cgroup();
        if owner == 0
            && let Some(stranger) = stranger
        {
            atomic::write(stranger, asked);
        }
        owner != 0
    } else {
        false
    };
    if admitted {
        // Without room in the table it is admitted again with its next call.
        list(ids.tgid, member(Membership::Watched, false, owner));
    }
    Ok(admitted)
}
