use super::{Continuity, Threads};
use crate::syscall::event::{Comm, ThreadKey};

fn key(tid: u32) -> ThreadKey {
    ThreadKey {
        tgid: 1,
        tid,
        start_ns: 7,
    }
}

#[test]
fn gaps_overlaps_and_repeats_are_told_apart() {
    let mut threads = Threads::new(4);
    let (slot, _) = threads.add(key(1), Comm::default());
    let entry = threads.entry_mut(slot);
    let whole = |repeated, missing| Continuity {
        repeated,
        missing,
        restarts: missing > 0,
    };
    assert!(entry.advance(0, 10).restarts, "the stream begins");
    assert_eq!(entry.advance(0, 32), whole(10, 0), "a part, then all of it");
    assert_eq!(entry.advance(0, 32), whole(32, 0), "all of it again");
    assert_eq!(entry.advance(5, 3), whole(3, 0), "an old part of it");
    assert_eq!(entry.advance(40, 2), whole(0, 8), "eight are missing");
    assert_eq!((entry.next_seq, entry.lost), (42, 8));
    assert_eq!(entry.advance(u64::MAX, 2).missing, u64::MAX - 42);
    assert_eq!(entry.next_seq, u64::MAX, "no overflow");
}

#[test]
fn the_table_is_bounded_and_an_evicted_thread_loses_nothing_by_coming_back() {
    let mut threads = Threads::new(2);
    let (first, _) = threads.add(key(1), Comm::default());
    let (second, _) = threads.add(key(2), Comm::default());
    threads.entry_mut(first).advance(0, 100);
    threads.touch(first);
    assert!(threads.is_full());
    assert_eq!(threads.longest_idle(), Some(second));
    threads.touch(second);
    assert_eq!(threads.longest_idle(), Some(first));
    threads.evict(first);
    threads.release(first);
    let (_, known) = threads.add(key(3), Comm::default());
    assert!(!known);
    threads.evict(second);
    threads.release(second);
    let (again, known) = threads.add(key(1), Comm::default());
    assert!(known);
    assert_eq!(threads.entry_mut(again).advance(100, 5).missing, 0);
}

#[test]
fn evicted_threads_are_not_remembered_without_end() {
    let mut threads = Threads::new(3);
    for tid in 0..1000 {
        let (slot, _) = threads.add(key(tid), Comm::default());
        threads.evict(slot);
        threads.release(slot);
    }
    assert!(threads.evicted.len() <= 12 && threads.evicted_order.len() <= 12);
    assert!(threads.is_empty());
}
