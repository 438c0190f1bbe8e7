//! The service that a cgroup belongs to.

use aya_ebpf::{macros::map, maps::HashMap};
use monitor_common::target::{PATH_KEY, Service};

use crate::{Error, task::Task};

// User space sets the sizes of both before the load, and writes to both while the programs run.
#[map]
static CGROUPS: HashMap<u64, Service> = HashMap::with_max_entries(1, 0);
#[map]
static SERVICE_PATHS: HashMap<[u8; PATH_KEY], Service> = HashMap::with_max_entries(1, 0);

// A cgroup deeper than this finds no service above it (`cgroup.max.depth` has no limit of its own).
const CGROUP_LEVELS: u32 = 32;

/// The service of the running task's cgroup, or of the nearest one above it that has a service;
/// else 0.
///
/// The helpers that tell a task's cgroup are closed to tracing programs before Linux 5.14, so the
/// kernel's structures are read instead: `css_set.dfl_cgrp`, `kernfs_node.id`, and
/// `cgroup.self.parent`, of which `cgroup.self` is the first member (include/linux/cgroup-defs.h).
#[inline(never)]
pub fn of_current() -> Result<Service, Error> {
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
pub fn made(id: u64, path: &[u8; PATH_KEY]) -> Service {
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
pub fn gone(id: u64) -> Service {
    let Some(service) = CGROUPS.get_ptr(id) else {
        return 0;
    };
    // SAFETY: as above.
    let service = unsafe { core::ptr::read_volatile(service) };
    let _ = CGROUPS.remove(id);
    service
}
