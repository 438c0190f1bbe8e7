//! Whose a process is: its service, by name, by its cgroup, or by who made it.

use monitor_common::target::{MOVED, PARENTS_MOUNTS, Service, is_named, service_of};

use crate::{
    Error, cgroup_service, filter,
    setting::setting,
    share,
    task::{Ids, Task},
};

/// The service of the running thread, which is watched: that which its process was named for, else
/// its cgroup's, else that of whoever made its process.
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
    match cgroup_service::of_current()? {
        0 => Ok(inherited),
        service => {
            if member.is_some() && service != inherited {
                filter::transfer(ids.tgid, service);
            }
            Ok(service)
        }
    }
}

/// How the running task, which executes a program, is placed: the marks of [`MOVED`] and
/// [`PARENTS_MOUNTS`]. Only where several services are told apart.
#[inline(always)]
pub fn marks() -> Service {
    if !share::is_counted() {
        return 0;
    }
    // The parent may be on its way out, with no namespaces left: that marks nothing, and no exec is
    // lost by it.
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
