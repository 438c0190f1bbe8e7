use monitor_common::{
    abi::Abi,
    record::{Cause, WINDOW_CALLS, Window, owner, pack},
};

use super::{Event, EventKind, Reassembly};

pub(super) fn window(cause: Cause, first_seq: u64, len: u32) -> Window {
    window_of(11, cause, first_seq, len)
}

/// A window of this thread of the process 10.
pub(in crate::live) fn window_of(tid: u32, cause: Cause, first_seq: u64, len: u32) -> Window {
    let mut slots = [0; WINDOW_CALLS];
    for (place, slot) in slots.iter_mut().enumerate().take(len as usize) {
        let seq = first_seq + place as u64;
        *slot = pack(seq as u32, Abi::X86_64.tag(), seq, owner(10, tid, 1));
    }
    Window {
        cause: cause as u32,
        len,
        tgid: 10,
        tid,
        start_ns: 1,
        first_seq,
        first_ns: 1000,
        last_ns: 2000,
        comm: [0; 16],
        child_tgid: 0,
        child_tid: 0,
        service: 0,
        resumed_len: 0,
        resumed_ns: 0,
        epoch: 0,
        slots,
    }
}

pub(super) fn numbers(events: &[Event]) -> Vec<u32> {
    let mut numbers = Vec::new();
    for event in events {
        if let EventKind::Calls(stretch) = &event.kind {
            assert_eq!(stretch.first_seq, u64::from(stretch.calls[0].number));
            numbers.extend(stretch.calls.iter().map(|call| call.number));
        }
    }
    numbers
}

#[test]
fn calls_seen_in_a_copy_and_again_in_the_window_come_once() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    reassembly.copied(&window(Cause::Open, 0, 10), 5, false, &mut events);
    reassembly.copied(&window(Cause::Open, 0, 12), 6, false, &mut events);
    reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
    reassembly.copied(&window(Cause::Open, 0, 12), 7, false, &mut events);
    assert_eq!(numbers(&events), (0..32).collect::<Vec<_>>());
    assert_eq!((reassembly.received, reassembly.lost), (32, 0));
}

#[test]
fn a_missing_window_is_lost_and_counted_once() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
    reassembly.sent(&window(Cause::Full, 64, 32), &mut events);
    reassembly.sent(&window(Cause::Exit, 128, 0), &mut events);
    assert_eq!((reassembly.received, reassembly.lost), (64, 64));
    assert_eq!(
        events.last().map(|event| &event.kind),
        Some(&EventKind::Exit { count: 128 })
    );
    assert_eq!(reassembly.threads(), 0);
}

#[test]
fn calls_copied_from_a_window_that_is_lost_later_are_not_lost() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    reassembly.copied(&window(Cause::Open, 0, 10), 5, false, &mut events);
    reassembly.sent(&window(Cause::Full, 32, 32), &mut events);
    assert_eq!((reassembly.received, reassembly.lost), (42, 22));
}

#[test]
fn what_follows_a_flush_has_the_time_of_its_first_call() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    reassembly.copied(&window(Cause::Open, 0, 10), 5_000, false, &mut events);
    // Nothing for an hour, then two more calls.
    let mut resumed = window(Cause::Open, 0, 12);
    (resumed.resumed_len, resumed.resumed_ns) = (10, 3_600_000);
    reassembly.copied(&resumed, 3_601_000, false, &mut events);
    let times: Vec<u64> = events.iter().map(|event| event.time_ns).collect();
    assert_eq!(times, [1_000, 3_600_000]);
}

#[test]
fn a_window_of_another_service_is_of_that_one() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    let mut other = window(Cause::Full, 32, 32);
    other.service = 7;
    reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
    reassembly.sent(&other, &mut events);
    let services: Vec<u32> = events.iter().map(|event| event.service.0).collect();
    assert_eq!(services, [0, 7]);
}

#[test]
fn calls_that_the_kernel_skipped_gap_every_open_thread_once() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
    reassembly.gap_all();
    reassembly.sent(&window(Cause::Full, 32, 32), &mut events);
    reassembly.sent(&window(Cause::Exit, 64, 1), &mut events);
    let places = events.iter().map(|event| match &event.kind {
        EventKind::Calls(stretch) => stretch.first_seq,
        EventKind::Exit { count } => *count,
        other => panic!("{other:?}"),
    });
    assert_eq!(places.collect::<Vec<_>>(), [0, 33, 65, 66]);
    assert_eq!((reassembly.received, reassembly.lost), (65, 0));
}

#[test]
fn a_copy_ahead_of_the_ring_is_believed_the_second_time() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
    reassembly.copied(&window(Cause::Open, 64, 3), 5, false, &mut events);
    assert_eq!((reassembly.received, reassembly.lost), (32, 0));
    reassembly.copied(&window(Cause::Open, 64, 4), 6, false, &mut events);
    assert_eq!((reassembly.received, reassembly.lost), (36, 32));
}

#[test]
fn at_the_end_an_empty_window_still_tells_how_many_calls_were_made() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
    reassembly.copied(&window(Cause::Open, 96, 0), 5, true, &mut events);
    assert_eq!((reassembly.received, reassembly.lost), (32, 64));
}

#[test]
fn a_copy_torn_by_its_thread_ends_where_the_slots_stop_to_fit() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    let mut torn = window(Cause::Open, 0, 20);
    torn.slots[5..].copy_from_slice(&window(Cause::Open, 32, 32).slots[5..]);
    reassembly.copied(&torn, 5, false, &mut events);
    assert_eq!(numbers(&events), [0, 1, 2, 3, 4]);
    reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
    assert_eq!(numbers(&events), (0..32).collect::<Vec<_>>());
}

#[test]
fn a_copy_that_mixes_two_owners_of_a_window_changes_nothing() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    let mut mixed = window(Cause::Open, 0, 20);
    mixed.tid = 12;
    reassembly.copied(&mixed, 5, true, &mut events);
    assert!(events.is_empty(), "{events:?}");
    reassembly.copied(&window(Cause::Open, 0, 20), 5, true, &mut events);
    assert_eq!(numbers(&events), (0..20).collect::<Vec<_>>());
}

#[test]
fn a_thread_whose_number_is_used_again_ended_before() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    reassembly.sent(&window(Cause::Full, 0, 32), &mut events);
    let mut successor = window(Cause::Full, 0, 1);
    successor.start_ns = 2;
    successor.slots[0] = pack(0, Abi::X86_64.tag(), 0, owner(10, 11, 2));
    reassembly.sent(&successor, &mut events);
    let kinds: Vec<_> = events
        .iter()
        .map(|event| (event.thread.start_ns, &event.kind))
        .collect();
    assert_eq!(kinds[1], (1, &EventKind::Exit { count: 32 }));
    assert_eq!(kinds.len(), 3);
    assert_eq!(reassembly.lost, 0);
}

#[test]
fn a_copy_of_a_thread_that_ended_meanwhile_is_not_another_thread() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    reassembly.copying();
    let copy = window(Cause::Open, 0, 3);
    reassembly.sent(&window(Cause::Exit, 0, 5), &mut events);
    reassembly.copied(&copy, 5, false, &mut events);
    assert_eq!(numbers(&events), [0, 1, 2, 3, 4]);
    assert_eq!((reassembly.received, reassembly.threads()), (5, 0));
    // A thread that takes over the leader's place has the same key, and is seen from the next
    // look on.
    reassembly.copying();
    reassembly.copied(&copy, 6, false, &mut events);
    assert_eq!((reassembly.received, reassembly.threads()), (8, 1));
}

#[test]
fn a_thread_whose_first_windows_were_all_lost_is_seen_by_its_copies() {
    let (mut reassembly, mut events) = (Reassembly::default(), Vec::new());
    for _ in 0..2 {
        reassembly.copying();
        reassembly.copied(&window(Cause::Open, 64, 3), 5, false, &mut events);
    }
    assert_eq!((reassembly.received, reassembly.lost), (3, 64));
}
