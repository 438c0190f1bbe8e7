//! Why calls were lost in the kernel.

/// A reason for loss. Its discriminant is the index among the counters of a CPU in
/// [`crate::names::LOSSES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Loss {
    /// The ring had no room for a window: its calls are gone. Unit: calls.
    RingFull = 0,
    /// The thread table had no room for a new thread. Unit: calls.
    ThreadTableFull = 1,
    /// The process table had no room for a child to follow. Unit: processes.
    ProcessTableFull = 2,
    /// A thread ended while the ring was full, and the table of what ended had no room. Unit:
    /// calls.
    LeftTableFull = 3,
    /// The ring had no room to tell that a thread made a child or runs another program. Unit: forks
    /// and execs.
    LifecycleRingFull = 4,
    /// A field of the kernel that a call needs could not be read. Unit: calls, of processes that
    /// may not be watched.
    CallUnreadable = 5,
    /// The same for forks, execs and ends of threads. Unit: these events.
    LifecycleUnreadable = 6,
    /// More new things were touched in a second than are sent. Unit: touches.
    TouchRate = 7,
    /// The ring was too full to tell what a call touched. Unit: touches.
    TouchRingFull = 8,
    /// The arguments of a call that touches something could not be read. Unit: touches.
    TouchUnreadable = 9,
    /// The ring had no room to tell that a cgroup is new or gone. Unit: cgroups.
    CgroupRingFull = 10,
    /// There was no room for a thread to keep what its call touches until it is sent. Unit:
    /// touches.
    TouchNoRoom = 11,
}

/// Counters of one CPU, of which two cache lines are full: CPUs that lose much do not wait for each
/// other's.
const LANE: u32 = 16;
/// CPUs that have counters of their own, a power of two; of more, some share theirs.
const LANES: u32 = 64;
/// Counters in [`crate::names::LOSSES`].
pub const PLACES: u32 = LANE * LANES;
const _: () = assert!(Loss::ALL.len() <= LANE as usize);

/// The place of a reason's counter for a CPU.
#[inline(always)]
#[must_use]
pub const fn place(reason: Loss, cpu: u32) -> u32 {
    (cpu & (LANES - 1)) * LANE + reason as u32
}

/// The places of a reason's counters for all CPUs.
pub fn places(reason: Loss) -> impl Iterator<Item = u32> {
    (0..LANES).map(move |cpu| place(reason, cpu))
}

impl Loss {
    /// Every reason, in the order of its index.
    pub const ALL: [Self; 12] = [
        Self::RingFull,
        Self::ThreadTableFull,
        Self::ProcessTableFull,
        Self::LeftTableFull,
        Self::LifecycleRingFull,
        Self::CallUnreadable,
        Self::LifecycleUnreadable,
        Self::TouchRate,
        Self::TouchRingFull,
        Self::TouchUnreadable,
        Self::CgroupRingFull,
        Self::TouchNoRoom,
    ];

    /// The reason in words, as reports show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring full",
            Self::ThreadTableFull => "thread table full",
            Self::ProcessTableFull => "processes not followed: process table full",
            Self::LeftTableFull => "table of ended threads full",
            Self::LifecycleRingFull => "forks and execs not told: ring full",
            Self::CallUnreadable => "kernel memory unreadable",
            Self::CgroupRingFull => "cgroups not told: ring full",
            Self::LifecycleUnreadable => {
                "forks, execs and exits not told: kernel memory unreadable"
            }
            Self::TouchRate => "new things that were touched not told: too many a second",
            Self::TouchRingFull => "new things that were touched not told: ring too full",
            Self::TouchNoRoom => {
                "what was touched not told: no room for its thread (--max-threads)"
            }
            Self::TouchUnreadable => "what was touched not told: kernel memory unreadable",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Loss;

    #[test]
    fn every_reason_stands_at_its_own_index() {
        for (index, loss) in Loss::ALL.into_iter().enumerate() {
            assert_eq!(loss as usize, index);
        }
    }
}
