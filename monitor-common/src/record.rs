//! The records that the probe sends: a thread's window of calls, and why it was sent; a cgroup that is new or gone.

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

    /// Bytes that a window takes of a ring: with the header (`struct bpf_ringbuf_hdr`, kernel/bpf/ringbuf.c).
    pub const IN_RING: u64 = (Self::SIZE as u64).next_multiple_of(8) + 8;

    /// Of the record's words of eight bytes those that say whose calls it holds, and from which place on: `tgid` and `tid`,
    /// `start_ns`, `first_seq`.
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
/// ordered CPU the copy can be any mixture of old and new words: the ids of one owner, the start time
/// of the other, its slots of either. The last bits of a slot tell which words belong together. They
/// are computed from all words that say whose call it is and which one, so a slot is read only when
/// every one of these is of the same owner, whatever the order in which the writes are seen. A
/// mixture passes only where both sums agree in 24 bits: once in 16 million copies that are torn in
/// the same slot.
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

/// The key of a window in [`crate::names::LEFT`]: no later thread has the same, whatever its number, so that taking the window out
/// never takes another's.
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
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::{
        Abi, CGROUP_PATH, Cause, CgroupRecord, HEADER, WINDOW_CALLS, Window, cause, owner, pack,
        unpack,
    };

    fn window() -> Window {
        let mut slots = [0; WINDOW_CALLS];
        for (place, slot) in slots.iter_mut().enumerate() {
            *slot = pack(
                place as u32,
                Abi::X86_64.tag(),
                100 + place as u64,
                owner(1, 2, 3),
            );
        }
        Window {
            cause: Cause::Fork as u32,
            len: 32,
            tgid: 1,
            tid: 2,
            start_ns: 3,
            first_seq: 100,
            first_ns: 5,
            last_ns: 6,
            comm: *b"nginx\0\0\0\0\0\0\0\0\0\0\0",
            child_tgid: 7,
            child_tid: 8,
            service: 9,
            resumed_len: 10,
            resumed_ns: 11,
            epoch: 12,
            slots,
        }
    }

    fn bytes(window: &Window) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [window.cause, window.len, window.tgid, window.tid] {
            bytes.extend(number.to_ne_bytes());
        }
        for number in [
            window.start_ns,
            window.first_seq,
            window.first_ns,
            window.last_ns,
        ] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes.extend(window.comm);
        bytes.extend(window.child_tgid.to_ne_bytes());
        bytes.extend(window.child_tid.to_ne_bytes());
        bytes.extend(window.service.to_ne_bytes());
        bytes.extend(window.resumed_len.to_ne_bytes());
        bytes.extend(window.resumed_ns.to_ne_bytes());
        bytes.extend(window.epoch.to_ne_bytes());
        assert_eq!(bytes.len(), HEADER);
        for slot in window.slots {
            bytes.extend(slot.to_ne_bytes());
        }
        bytes
    }

    #[test]
    fn a_record_reads_back_field_by_field() {
        assert_eq!(Window::from_bytes(&bytes(&window())), Some(window()));
    }

    #[test]
    fn a_record_cut_at_any_byte_is_refused() {
        let bytes = bytes(&window());
        for end in 0..bytes.len() {
            assert_eq!(Window::from_bytes(&bytes[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn a_length_beyond_the_window_is_refused() {
        let mut long = window();
        long.len = 33;
        assert_eq!(Window::from_bytes(&bytes(&long)), None);
    }

    #[test]
    fn a_slot_is_read_only_at_its_own_place() {
        let slot = pack(u32::MAX, Abi::I386.tag(), 0x1_0000_0007, 5);
        assert_eq!(unpack(slot, 0x1_0000_0007, 5), Some((u32::MAX, Abi::I386)));
        assert_eq!(unpack(slot, 0x1_0000_0008, 5), None);
        assert_eq!(unpack(pack(1, 9, 0, 0), 0, 0), None);
    }

    /// The words of a window that say whose its calls are, and one of its slots.
    #[derive(Clone, Copy)]
    struct Words {
        ids: (u32, u32),
        start_ns: u64,
        seq: u64,
        slot: u64,
    }

    fn words(tgid: u32, tid: u32, start_ns: u64, seq: u64) -> Words {
        Words {
            ids: (tgid, tid),
            start_ns,
            seq,
            slot: pack(7, Abi::Aarch64.tag(), seq, owner(tgid, tid, start_ns)),
        }
    }

    #[test]
    fn no_mixture_of_two_owners_words_is_read() {
        // Stronger than any CPU's memory model: each word of the copy is the former owner's or the new
        // one's, in every combination.
        let former = words(100, 101, 1_000_000_007, 64);
        for new in [
            words(100, 8_293, 1_234_567_890, 0),
            words(8_292, 8_293, 1_234_567_890, 64),
            words(100, 101, 1_000_000_007, 96),
        ] {
            for mixture in 0..16_u32 {
                let is_new = |word: u32| mixture >> word & 1 == 1;
                let (tgid, tid) = if is_new(0) { new.ids } else { former.ids };
                let start_ns = if is_new(1) { new } else { former }.start_ns;
                let seq = if is_new(2) { new } else { former }.seq;
                let slot = if is_new(3) { new } else { former }.slot;
                let read = unpack(slot, seq, owner(tgid, tid, start_ns));
                let of = if is_new(3) { new } else { former };
                let belongs = (tgid, tid) == of.ids && start_ns == of.start_ns && seq == of.seq;
                assert_eq!(read.is_some(), belongs, "{mixture:#b}");
            }
        }
    }

    #[test]
    fn a_cgroup_reads_back_and_is_told_from_a_window() {
        let mut bytes = Vec::new();
        for number in [Cause::CgroupGone as u32, 4] {
            bytes.extend(number.to_ne_bytes());
        }
        for number in [77_u64, 88] {
            bytes.extend(number.to_ne_bytes());
        }
        bytes.extend(b"/a/b\0rest");
        bytes.resize(CgroupRecord::SIZE, b'x');
        let record = CgroupRecord::from_bytes(&bytes).expect("whole");
        assert_eq!((record.service, record.id, record.time_ns), (4, 77, 88));
        assert_eq!(record.path(), b"/a/b");
        assert_eq!(cause(&bytes), Some(Cause::CgroupGone));
        for end in 0..bytes.len() {
            assert_eq!(
                CgroupRecord::from_bytes(&bytes[..end]),
                None,
                "cut at {end}"
            );
        }
        bytes[24..].fill(b'x');
        let unended = CgroupRecord::from_bytes(&bytes).expect("whole");
        assert_eq!(unended.path().len(), CGROUP_PATH);
        let mut window = self::bytes(&window());
        assert_eq!(CgroupRecord::from_bytes(&window), None);
        window.resize(CgroupRecord::SIZE, 0);
        assert_eq!(CgroupRecord::from_bytes(&window), None);
    }
}
