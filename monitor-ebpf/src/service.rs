//! Whose a process is: its service, by name, by its cgroup, or by who made it.

use aya_ebpf::{macros::map, maps::HashMap};
use monitor_common::target::{MOVED, PARENTS_MOUNTS, PATH_KEY, Service, is_named, service_of};

use crate::{
    Error, filter,
    setting::setting,
    share,
    task::{Ids, Task},
};

// User space sets the sizes of both before the load, and writes to both while the programs run.
#[map]
static CGROUPS: HashMap<u64, Service> = HashMap::with_max_entries(1, 0);
#[map]
static SERVICE_PATHS: HashMap<[u8; PATH_KEY], Service> = HashMap::with_max_entries(1, 0);

// A cgroup deeper than this finds no service above it (`cgroup.max.depth` has no limit of its own).
const CGROUP_LEVELS: u32 = 32;

/// The service of the running thread, which is watched: that which its process was named for, else its
/// cgroup's, else that of whoever made its process.
#[inline(always)]
pub fn of_current(ids: Ids) -> Result<Service, Error> {
    let member = filter::member_of(ids.tgid);
    let inherited = match member {
        Some(member) if is_named(member) => return Ok(service_of(member)),
        Some(member) => service_of(member),
        None => setting!(FILTER.service),
    };
    if setting!(FILTER.by_cgroup) == 0 {
        return Ok(inherited);
    }
    match of_cgroup()? {
        0 => Ok(inherited),
        service => {
            if member.is_some() && service != inherited {
                filter::transfer(ids.tgid, service);
            }
            Ok(service)
        }
    }
}

/// How the running task, which executes a program, is placed: the marks of [`MOVED`] and [`PARENTS_MOUNTS`]. Only where
/// several services are told apart.
#[inline(always)]
pub fn marks() -> Service {
    if !share::is_counted() {
        return 0;
    }
    // The parent may be on its way out, with no namespaces left: that marks nothing, and no exec is lost by it.
    marks_of(Task::current()).unwrap_or(0)
}

#[inline(always)]
fn marks_of(task: Task) -> Result<Service, Error> {
    let parent = task.parent()?;
    if task.cgroup()? == parent.cgroup()? {
        return Ok(0);
    }
    if task.mount_namespace()? == parent.mount_namespace()? {
        return Ok(MOVED | PARENTS_MOUNTS);
    }
    Ok(MOVED)
}

/// The service of the running task's cgroup, or of the nearest one above it that has a service; else 0.
///
/// The helpers that tell a task's cgroup are closed to tracing programs before Linux 5.14, so the kernel's structures
/// are read instead: `css_set.dfl_cgrp`, `kernfs_node.id`, and `cgroup.self.parent`, of which `cgroup.self` is the
/// first member (include/linux/cgroup-defs.h).
#[inline(never)]
pub fn of_cgroup() -> Result<Service, Error> {
    let mut cgroup = Task::current().cgroup()?;
    for _ in 0..CGROUP_LEVELS {
        if cgroup.is_none() {
            break;
        }
        if let Some(service) = CGROUPS.get_ptr(cgroup.id()?) {
            // SAFETY: the verifier checked the pointer; the value is read in one piece.
            return Ok(unsafe { core::ptr::read_volatile(service) });
        }
        cgroup = cgroup.parent()?;
    }
    Ok(0)
}

/// Gives a new cgroup the service of its path, if it has one.
#[inline(always)]
pub fn cgroup_made(id: u64, path: &[u8; PATH_KEY]) -> Service {
    let Some(service) = SERVICE_PATHS.get_ptr(path) else {
        return 0;
    };
    // SAFETY: as above.
    let service = unsafe { core::ptr::read_volatile(service) };
    // Without room the reader puts it in later, or says that it cannot.
    let _ = CGROUPS.insert(id, service, 0);
    service
}

/// Forgets a cgroup that is gone; gives its service.
#[inline(always)]
pub fn cgroup_gone(id: u64) -> Service {
    let Some(service) = CGROUPS.get_ptr(id) else {
        return 0;
    };
    // SAFETY: as above.
    let service = unsafe { core::ptr::read_volatile(service) };
    let _ = CGROUPS.remove(id);
    service
}
