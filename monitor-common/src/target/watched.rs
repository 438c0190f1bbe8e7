//! Who is watched, as most calls of a host look it up: by one array.

/// What [`Watched::epoch`] grows by when the reader looks: from then on a thread's next call has a
/// time of its own.
pub const EPOCH_LOOK: u64 = 1;

/// What it grows by when services were given other cgroups, or processes another cgroup:
/// memberships that are older are asked again.
pub const EPOCH_GENERATION: u64 = 1 << 32;

/// Which generation an epoch belongs to.
#[inline(always)]
#[must_use]
pub const fn generation(epoch: u64) -> u32 {
    (epoch >> 32) as u32
}

/// Slots of the arrays in [`Watched`]; a power of two.
pub const WATCHED_SLOTS: u32 = 1 << 16;

/// What most calls of a host need to know without looking into a hash: the one value of the array
/// [`crate::names::WATCHED`]. All of it together, since a look-up in an array costs more than a
/// word.
#[repr(C)]
pub struct Watched {
    /// Grows by [`EPOCH_LOOK`] and [`EPOCH_GENERATION`].
    pub epoch: u64,
    /// Which processes are watched, by [`watched_slot`] of the tgid: see [`watched_entry`].
    pub processes: [u64; WATCHED_SLOTS as usize],
    /// Threads that are in no service's cgroup, by [`watched_slot`] of the tid: see [`stranger`].
    pub strangers: [u64; WATCHED_SLOTS as usize],
}

/// The slot of a process.
#[inline(always)]
#[must_use]
pub const fn watched_slot(tgid: u32) -> u32 {
    tgid & (WATCHED_SLOTS - 1)
}

/// What a watched process adds to its slot, atomically, and takes away when it ends: how many they
/// are in the upper 16 bits, the sum of their tgids in the others (tgids have 22 bits at most:
/// `PID_MAX_LIMIT`, include/linux/threads.h). So a slot says for certain that there is none, or
/// which the only one is; only where it holds several does anybody have to look into the hash.
#[inline(always)]
#[must_use]
pub const fn watched_entry(tgid: u32) -> u64 {
    1 << 48 | tgid as u64
}

/// What is kept of a thread that was asked for in the generation of this epoch and is in no
/// service's cgroup.
#[inline(always)]
#[must_use]
pub const fn stranger(epoch: u64, tid: u32) -> u64 {
    (tid as u64) << 32 | generation(epoch) as u64
}

/// Of which thread it is kept.
#[inline(always)]
#[must_use]
pub const fn stranger_tid(kept: u64) -> u32 {
    (kept >> 32) as u32
}
