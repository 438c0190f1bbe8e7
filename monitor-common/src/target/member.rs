//! Which processes and cgroups belong to which service.

/// The number of a service, as user space gave it out; 0 is no service.
pub type Service = u32;

/// Marks the service in the record of an exec: the process is in another cgroup than its parent. So
/// a service, or a container, may begin with it.
pub const MOVED: Service = 1 << 31;

/// Marks it beside [`MOVED`]: the process has its parent's mounts. So it is no program of a
/// container, though it may be in the container's cgroup: `runc init` begins so.
pub const PARENTS_MOUNTS: Service = 1 << 30;

/// What a process is to the monitor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Membership {
    /// It is watched.
    Watched = 1,
    /// It is the monitor itself.
    Excluded = 2,
}

/// A process's entry in [`crate::names::PROCESSES`]: what it is to the monitor in bits 0 to 7,
/// whether it was named as one of its service's in bit 8, and its service in the upper 32 bits.
///
/// The service of a process that was named stays; that of any other follows its cgroup.
#[inline(always)]
#[must_use]
pub const fn member(membership: Membership, named: bool, service: Service) -> u64 {
    membership as u64 | (named as u64) << 8 | (service as u64) << 32
}

/// What a process is, by its entry.
#[inline(always)]
#[must_use]
pub const fn is_watched(member: u64) -> bool {
    member & 0xff == Membership::Watched as u64
}

/// Whether it was named, by its entry.
#[inline(always)]
#[must_use]
pub const fn is_named(member: u64) -> bool {
    member >> 8 & 1 == 1
}

/// Its service, by its entry.
#[inline(always)]
#[must_use]
pub const fn service_of(member: u64) -> Service {
    (member >> 32) as Service
}

/// Bytes of the keys of [`crate::names::SERVICE_PATHS`]: a path below the root of the cgroup
/// hierarchy, padded with NUL, of which there is at least one.
pub const PATH_KEY: usize = 256;
