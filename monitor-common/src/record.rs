//! The records that the probe sends: a thread's window of calls, and why it was sent; a cgroup that
//! is new or gone.

use crate::abi::Abi;

/// Calls that a window holds at most.
pub const WINDOW_CALLS: usize = 32;

/// Why a window left the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Cause {
    /// It is still being filled; only ever seen by a reader of the thread table.
    Open = 0,
    /// It was full.
    Full = 1,
    /// The thread made a child, named by `child_tgid` and `child_tid`.
    Fork = 2,
    /// The thread runs another program; `comm` is its new name.
    Exec = 3,
    /// The thread ended.
    Exit = 4,
    /// The thread ended while the ring had no room: the window waits in the thread table for the
    /// reader to take it. Only ever seen there.
    Left = 5,
    /// Of a [`CgroupRecord`]: the cgroup is new.
    CgroupMade = 6,
    /// Of a [`CgroupRecord`]: the cgroup is gone.
    CgroupGone = 7,
}

impl Cause {
    /// The cause of a stored number, or `None` for a number that the probe does not write.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Open),
            1 => Some(Self::Full),
            2 => Some(Self::Fork),
            3 => Some(Self::Exec),
            4 => Some(Self::Exit),
            5 => Some(Self::Left),
            6 => Some(Self::CgroupMade),
            7 => Some(Self::CgroupGone),
            _ => None,
        }
    }
}

/// A thread's calls since its last window was sent. It is both the value of the thread table and
/// the record on the ring, so that sending it is one copy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Window {
    /// A [`Cause`].
    pub cause: u32,
    /// How many of `slots` are filled, at most [`WINDOW_CALLS`].
    pub len: u32,
    /// Thread group id, in the monitor's pid namespace.
    pub tgid: u32,
    /// Thread id, in the monitor's pid namespace.
    pub tid: u32,
    /// `task_struct.start_boottime`, nanoseconds.
    pub start_ns: u64,
    /// Calls that the probe counted in this thread before `slots[0]`.
    pub first_seq: u64,
    /// `bpf_ktime_get_ns` at `slots[0]`, nanoseconds of `CLOCK_MONOTONIC`.
    pub first_ns: u64,
    /// The same when the window was sent.
    pub last_ns: u64,
    /// `task_struct.comm`, padded with NUL.
    pub comm: [u8; 16],
    /// The child's thread group id, with [`Cause::Fork`].
    pub child_tgid: u32,
    /// The child's thread id, with [`Cause::Fork`].
    pub child_tid: u32,
    /// The service that the thread belonged to when it made the calls; 0 for none.
    pub service: u32,
    /// Which of the calls is the first one since the reader looked, if `resumed_ns` is not 0.
    pub resumed_len: u32,
    /// `bpf_ktime_get_ns` at that call.
    pub resumed_ns: u64,
    /// The epoch of the table of services (in the target settings) at the thread's last call.
    pub epoch: u64,
    /// The calls, packed by [`pack`].
    pub slots: [u64; WINDOW_CALLS],
}

const HEADER: usize = 96;
const _: () = assert!(size_of::<Window>() == HEADER + 8 * WINDOW_CALLS);
const _: () = assert!(core::mem::offset_of!(Window, tgid) == 8 * Window::IDENTITY.start);
const _: () = assert!(core::mem::offset_of!(Window, first_ns) == 8 * Window::IDENTITY.end);

impl Window {
    /// Bytes of a record.
    pub const SIZE: usize = size_of::<Self>();

    /// Bytes that a window takes of a ring: with the header (`struct bpf_ringbuf_hdr`,
    /// kernel/bpf/ringbuf.c).
    pub const IN_RING: u64 = (Self::SIZE as u64).next_multiple_of(8) + 8;

    /// Of the record's words of eight bytes those that say whose calls it holds, and from which
    /// place on: `tgid` and `tid`, `start_ns`, `first_seq`.
    pub const IDENTITY: core::ops::Range<usize> = 1..4;

    /// Reads a record in this machine's byte order.
    ///
    /// `None` when there are fewer than [`Self::SIZE`] bytes or `len` is more than a window holds;
    /// bytes behind the record are ignored.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER)?;
        let (slot_bytes, _) = rest.split_at_checked(8 * WINDOW_CALLS)?;
        let u32_at = |at: usize| Some(u32::from_ne_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_ne_bytes(header.get(at..at + 8)?.try_into().ok()?));
        let mut slots = [0; WINDOW_CALLS];
        for (slot, packed) in slots.iter_mut().zip(slot_bytes.chunks_exact(8)) {
            *slot = u64::from_ne_bytes(packed.try_into().ok()?);
        }
        let window = Self {
            cause: u32_at(0)?,
            len: u32_at(4)?,
            tgid: u32_at(8)?,
            tid: u32_at(12)?,
            start_ns: u64_at(16)?,
            first_seq: u64_at(24)?,
            first_ns: u64_at(32)?,
            last_ns: u64_at(40)?,
            comm: header.get(48..64)?.try_into().ok()?,
            child_tgid: u32_at(64)?,
            child_tid: u32_at(68)?,
            service: u32_at(72)?,
            resumed_len: u32_at(76)?,
            resumed_ns: u64_at(80)?,
            epoch: u64_at(88)?,
            slots,
        };
        (window.len as usize <= WINDOW_CALLS).then_some(window)
    }
}

const TAG: u64 = 0xff_ffff;

// An odd number without a pattern: 2^64 divided by the golden ratio.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// What tells the owners of a window apart, from its words that say who it is.
#[inline(always)]
#[must_use]
pub const fn owner(tgid: u32, tid: u32, start_ns: u64) -> u64 {
    let ids = tgid as u64 | (tid as u64) << 32;
    (ids.wrapping_mul(SPREAD) >> 40).wrapping_add(start_ns)
}

/// One slot of a window: the number in bits 0 to 31, the ABI's tag in bits 32 to 39, and in bits 40
/// to 63 the low 24 bits of the call's place in its thread plus its [`owner`].
///
/// A reader copies a window while its thread may be filling it, or another thread may be taking it
/// over. The probe's writes are plain stores, which old kernels do not let it order, so on a weakly
/// ordered CPU the copy can be any mixture of old and new words: the ids of one owner, the start
/// time of the other, its slots of either. The last bits of a slot tell which words belong
/// together. They are computed from all words that say whose call it is and which one, so a slot is
/// read only when every one of these is of the same owner, whatever the order in which the writes
/// are seen. A mixture passes only where both sums agree in 24 bits: once in 16 million copies that
/// are torn in the same slot.
#[inline(always)]
#[must_use]
pub const fn pack(number: u32, abi_tag: u8, seq: u64, owner: u64) -> u64 {
    number as u64 | (abi_tag as u64) << 32 | (seq.wrapping_add(owner) & TAG) << 40
}

/// The number and ABI of a slot, or `None` when it does not hold the call at place `seq` of the
/// window's [`owner`].
#[must_use]
pub const fn unpack(slot: u64, seq: u64, owner: u64) -> Option<(u32, Abi)> {
    if slot >> 40 != seq.wrapping_add(owner) & TAG {
        return None;
    }
    match Abi::from_tag((slot >> 32) as u8) {
        Some(abi) => Some((slot as u32, abi)),
        None => None,
    }
}

/// The key of a window in [`crate::names::LEFT`]: no later thread has the same, whatever its
/// number, so that taking the window out never takes another's.
#[inline(always)]
#[must_use]
pub const fn left_key(window: &Window) -> [u64; 2] {
    [window.start_ns, window.tid as u64]
}

/// Bytes of a cgroup's path that a record holds at most, with the NUL behind it.
pub const CGROUP_PATH: usize = 512;

/// A cgroup of version 2 that is new or gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct CgroupRecord {
    /// [`Cause::CgroupMade`] or [`Cause::CgroupGone`].
    pub cause: u32,
    /// The service that its path is known to belong to; 0 for none.
    pub service: u32,
    /// The cgroup's id: the inode number of its directory.
    pub id: u64,
    /// `bpf_ktime_get_ns`.
    pub time_ns: u64,
    /// Its path below the root of the hierarchy, ended by NUL; cut off where it is longer.
    pub path: [u8; CGROUP_PATH],
}

const CGROUP_HEADER: usize = 24;
const _: () = assert!(size_of::<CgroupRecord>() == CGROUP_HEADER + CGROUP_PATH);

impl CgroupRecord {
    /// Bytes of a record.
    pub const SIZE: usize = size_of::<Self>();

    /// Reads a record in this machine's byte order; `None` when it is none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(CGROUP_HEADER)?;
        let (path, _) = rest.split_at_checked(CGROUP_PATH)?;
        let u32_at = |at: usize| Some(u32::from_ne_bytes(header.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |at: usize| Some(u64::from_ne_bytes(header.get(at..at + 8)?.try_into().ok()?));
        let cause = u32_at(0)?;
        if !matches!(
            Cause::from_number(cause),
            Some(Cause::CgroupMade | Cause::CgroupGone)
        ) {
            return None;
        }
        Some(Self {
            cause,
            service: u32_at(4)?,
            id: u64_at(8)?,
            time_ns: u64_at(16)?,
            path: path.try_into().ok()?,
        })
    }

    /// The path without the NUL.
    #[must_use]
    pub fn path(&self) -> &[u8] {
        let end = self.path.iter().position(|&byte| byte == 0);
        self.path.get(..end.unwrap_or(CGROUP_PATH)).unwrap_or(&[])
    }
}

/// The first number of a record: its [`Cause`].
#[must_use]
pub fn cause(bytes: &[u8]) -> Option<Cause> {
    let number = bytes.get(..4)?.try_into().ok()?;
    Cause::from_number(u32::from_ne_bytes(number))
}

#[cfg(test)]
mod tests;
