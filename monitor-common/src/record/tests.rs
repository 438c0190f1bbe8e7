extern crate std;
use std::vec::Vec;

use super::{
    Abi, CGROUP_PATH, Cause, CgroupRecord, HEADER, WINDOW_CALLS, Window, cause, owner, pack, unpack,
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
