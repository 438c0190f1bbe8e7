//! Whom to watch.

/// How a process that is not in [`crate::names::PROCESSES`] yet becomes a watched one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Admission {
    /// Only user space and forks add processes.
    Listed = 0,
    /// Every process is watched, without being listed.
    All = 1,
    /// A thread of it carries the name `comm`.
    Comm = 2,
    /// A thread of it runs with the real user id `uid`.
    Uid = 3,
    /// A thread of it is in a cgroup of [`crate::names::CGROUPS`] or below one.
    Cgroup = 4,
}

/// What [`Filter::admission`] has on top in a pid namespace of the monitor's own: more than any
/// [`Admission`].
pub const NESTED: u32 = 8;

const _: () = assert!(NESTED > Admission::Cgroup as u32);

/// Whom to watch. Written before the load, constant afterwards.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Filter {
    /// An [`Admission`], and [`NESTED`] more where the monitor's pid namespace is not the initial
    /// one: one value, since every call of the host reads it.
    pub admission: u32,
    /// The monitor's own tgid in the initial pid namespace; 0 where the monitor cannot know it.
    pub self_tgid: u32,
    /// The monitor's own tgid in its own pid namespace.
    pub self_namespace_tgid: u32,
    /// Real user id, with [`Admission::Uid`].
    pub uid: u32,
    /// The [`Service`](super::Service) of a watched process that has no other.
    pub service: u32,
    /// Whether children of watched processes are watched: 0 or 1.
    pub follow: u32,
    /// The monitor's pid namespace (`ns_common.inum`), 0 when it is the initial one.
    pub pid_namespace: u32,
    /// Bytes that wait in the ring before the reader is woken.
    pub wake_bytes: u32,
    /// Whether a process's cgroup tells its service: 0 or 1.
    pub by_cgroup: u32,
    /// Whether several services share the probe's room, so that none may take all of it: 0 or 1.
    pub shared: u32,
    /// The name's bytes as two words, padded with NUL, with [`Admission::Comm`].
    pub comm: [u64; 2],
}

/// A name's bytes as two words, as [`Filter::comm`] has them.
#[inline(always)]
#[must_use]
pub const fn name_words(name: &[u8; 16]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, rest @ ..] = *name;
    [
        u64::from_ne_bytes([a, b, c, d, e, f, g, h]),
        u64::from_ne_bytes(rest),
    ]
}

impl Filter {
    /// The filter as the words that the global [`crate::names::FILTER`] is made of.
    #[must_use]
    pub const fn words(&self) -> [u64; 7] {
        const fn pair(low: u32, high: u32) -> u64 {
            let [a, b, c, d] = low.to_ne_bytes();
            let [e, f, g, h] = high.to_ne_bytes();
            u64::from_ne_bytes([a, b, c, d, e, f, g, h])
        }
        [
            pair(self.admission, self.self_tgid),
            pair(self.self_namespace_tgid, self.uid),
            pair(self.service, self.follow),
            pair(self.pid_namespace, self.wake_bytes),
            pair(self.by_cgroup, self.shared),
            self.comm[0],
            self.comm[1],
        ]
    }
}

const _: () = assert!(size_of::<Filter>() == 7 * 8);
