//! Cgroups come and go, and processes change from one to another.

use aya_ebpf::helpers::{bpf_ktime_get_ns, bpf_probe_read_kernel_str_bytes};
use monitor_common::{loss::Loss, record::Cause, target::PATH_KEY};

use crate::{Error, cgroup_service, loss, record::CgroupEvent, ring};

/// Reports a new or gone cgroup of version 2, and gives a new one the service of its path before
/// anybody can be in it: the kernel reports it while it holds its lock for cgroups (`cgroup_mkdir`,
/// kernel/cgroup/cgroup.c).
#[inline(always)]
pub fn changed(event: &impl CgroupEvent, cause: Cause) -> Result<(), Error> {
    if event.hierarchy()? != 0 {
        return Ok(());
    }
    let (id, path) = (event.id()?, event.path()?);
    let service = match cause {
        Cause::CgroupMade => {
            let mut key = [0; PATH_KEY];
            // SAFETY: the helper checks the address itself.
            let read = unsafe { bpf_probe_read_kernel_str_bytes(path as *const u8, &mut key) };
            let length = read.map_err(|_| Error::Unreadable)?.len();
            // A path that may have been cut off is nobody's.
            if length < PATH_KEY - 1 {
                cgroup_service::made(id, &key)
            } else {
                0
            }
        }
        _ => cgroup_service::gone(id),
    };
    // SAFETY: the helper has no precondition.
    let now = unsafe { bpf_ktime_get_ns() };
    let mut is_read = true;
    let sent = ring::send_cgroup(|record| {
        record.cause = cause as u32;
        record.service = service;
        record.id = id;
        record.time_ns = now;
        // SAFETY: as above. What cannot be read leaves an empty path.
        let read = unsafe { bpf_probe_read_kernel_str_bytes(path as *const u8, &mut record.path) };
        if read.is_err() {
            record.path[0] = 0;
            is_read = false;
        }
    });
    if !is_read {
        loss::count(Loss::LifecycleUnreadable, 1);
    }
    if !sent {
        loss::count(Loss::CgroupRingFull, 1);
    }
    Ok(())
}
