//! Who is watched.

use aya_ebpf::{
    bindings::{BPF_F_MMAPABLE, BPF_NOEXIST},
    helpers::{
        bpf_get_current_comm, bpf_get_current_uid_gid,
        generated::bpf_get_current_ancestor_cgroup_id,
    },
    macros::map,
    maps::{Array, HashMap},
};
use monitor_common::{
    loss::Loss,
    target::{Admission, Membership, WATCHED_SLOTS, watched_entry, watched_slot},
};

use crate::{
    Error, atomic, loss,
    setting::setting,
    task::{Ids, Task},
};

// User space sets the sizes of both before the load.
#[map]
static PROCESSES: HashMap<u32, u8> = HashMap::with_max_entries(10240, 0);
#[map]
static NAMED_PROCESSES: HashMap<u32, u8> = HashMap::with_max_entries(10240, 0);

// What most calls of a host need to know without looking into a hash: see `watched_entry`.
#[map]
static WATCHED: Array<u64> = Array::with_max_entries(WATCHED_SLOTS, BPF_F_MMAPABLE);

/// Whether the running task, whose ids these are, is watched.
#[inline(always)]
pub fn watches(ids: Ids) -> Result<bool, Error> {
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
    if slot < SEVERAL && admission == Admission::Listed as u32 && !nested {
        return Ok(false);
    }
    match membership(ids.tgid) {
        Some(membership) => Ok(membership == Membership::Watched as u8),
        None => admit(ids, admission, nested),
    }
}

/// Adds a child of a watched process; `false` when that makes no difference to who is watched.
#[inline(always)]
pub fn follow(child: Ids) -> bool {
    let nested = setting!(FILTER.pid_namespace) != 0;
    if setting!(FILTER.follow) == 0
        || setting!(FILTER.admission) == Admission::All as u32 && !nested
    {
        return false;
    }
    let listed = list(child.tgid, Membership::Watched);
    if !listed {
        loss::count(Loss::ProcessTableFull, 1);
    }
    listed
}

/// Forgets a process that ended; `false` when it was not listed.
#[inline(always)]
pub fn forget(tgid: u32) -> bool {
    let watched = membership(tgid) == Some(Membership::Watched as u8);
    let listed = PROCESSES.remove(tgid).is_ok();
    if listed
        && watched
        && let Some(slot) = slot(tgid)
    {
        atomic::add(slot, watched_entry(tgid).wrapping_neg());
    }
    listed
}

/// A slot of at least this value is that of several processes.
const SEVERAL: u64 = 2 * watched_entry(0);

#[inline(always)]
fn slot(tgid: u32) -> Option<*mut u64> {
    WATCHED.get_ptr_mut(watched_slot(tgid))
}

#[inline(always)]
fn membership(tgid: u32) -> Option<u8> {
    let listed = PROCESSES.get_ptr(tgid)?;
    // SAFETY: the verifier checked the pointer; a value that is reused for another process at this
    // moment is still one of the two memberships, and the next call sees the right one.
    Some(unsafe { *listed })
}

// EEXIST of include/uapi/asm-generic/errno-base.h.
const EXISTS: i32 = -17;

#[inline(always)]
fn list(tgid: u32, membership: Membership) -> bool {
    match PROCESSES.insert(tgid, membership as u8, u64::from(BPF_NOEXIST)) {
        Ok(()) => {
            if let (Membership::Watched, Some(slot)) = (membership, slot(tgid)) {
                atomic::add(slot, watched_entry(tgid));
            }
            true
        }
        Err(error) => error == EXISTS,
    }
}

// A process that was admitted once stays so: renaming itself, changing its user or leaving its
// cgroup does not take it out of sight.
#[inline(always)]
fn admit(ids: Ids, admission: u32, nested: bool) -> Result<bool, Error> {
    if nested {
        // What the monitor's namespace does not show has no id there and is not watched.
        let Some(tgid) = Task::current().visible_tgid()? else {
            return Ok(false);
        };
        if tgid == setting!(FILTER.self_namespace_tgid) {
            list(ids.tgid, Membership::Excluded);
            return Ok(false);
        }
        if NAMED_PROCESSES.get_ptr(tgid).is_some() {
            list(ids.tgid, Membership::Watched);
            return Ok(true);
        }
    }
    let admitted = if admission == Admission::All as u32 {
        true
    } else if admission == Admission::Uid as u32 {
        bpf_get_current_uid_gid() as u32 == setting!(FILTER.uid)
    } else if admission == Admission::Comm as u32 {
        bpf_get_current_comm().map_err(|_| Error::Unreadable)? == setting!(FILTER.comm)
    } else if admission == Admission::Cgroup as u32 {
        let level = setting!(FILTER.cgroup_level) as i32;
        // SAFETY: the helper takes any level and returns 0 where there is none.
        let ancestor = unsafe { bpf_get_current_ancestor_cgroup_id(level) };
        ancestor == setting!(FILTER.cgroup_id)
    } else {
        false
    };
    if admitted {
        // Without room in the table it is admitted again with its next call.
        list(ids.tgid, Membership::Watched);
    }
    Ok(admitted)
}
