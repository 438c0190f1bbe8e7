//! Who is watched.

use aya_ebpf::{
    helpers::{
        bpf_get_current_comm, bpf_get_current_uid_gid,
        generated::bpf_get_current_ancestor_cgroup_id,
    },
    macros::map,
    maps::HashMap,
};
use monitor_common::{
    loss::Loss,
    target::{Admission, Membership},
};

use crate::{
    Error, loss,
    setting::setting,
    task::{Ids, Task},
};

// User space sets the sizes of both before the load.
#[map]
static PROCESSES: HashMap<u32, u8> = HashMap::with_max_entries(10240, 0);
#[map]
static NAMED_PROCESSES: HashMap<u32, u8> = HashMap::with_max_entries(10240, 0);

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
    PROCESSES.remove(tgid).is_ok()
}

#[inline(always)]
fn membership(tgid: u32) -> Option<u8> {
    let listed = PROCESSES.get_ptr(tgid)?;
    // SAFETY: the verifier checked the pointer; a value that is reused for another process at this
    // moment is still one of the two memberships, and the next call sees the right one.
    Some(unsafe { *listed })
}

#[inline(always)]
fn list(tgid: u32, membership: Membership) -> bool {
    PROCESSES.insert(tgid, membership as u8, 0).is_ok()
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
