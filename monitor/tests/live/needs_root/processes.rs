//! Processes and threads come and go.

use std::collections::BTreeMap;

use monitor::syscall::event::{EventKind, ThreadKey};

use crate::harness::{Seen, native, options, watch_traced, watch_traced_behind};

#[test]
#[ignore = "needs root"]
fn the_only_call_of_a_short_lived_child_is_seen() {
    let seen = watch_traced(&["children", "1"], options());
    let threads = seen.whole_threads();
    assert_eq!(threads.len(), 2);
    let child = threads
        .values()
        .find(|calls| calls.contains(&native(libc::SYS_getsid)));
    let child = child.expect("the child's stream");
    let expected = [libc::SYS_getsid, libc::SYS_exit_group].map(native);
    assert!(child.ends_with(&expected), "{child:?}");
    assert_eq!(
        seen.events_that(|kind| matches!(kind, EventKind::Fork { .. })),
        1
    );
}

#[test]
#[ignore = "needs root"]
fn a_thousand_short_processes_are_seen_whole_and_leave_nothing_behind() {
    let mut asked = options();
    // Far fewer rooms than processes: each must be cleared when its process ends.
    asked.sizes.max_threads = 16;
    let seen = watch_traced(&["children", "1000"], asked);
    assert_eq!(seen.status, Some(0));
    assert_eq!(seen.count(native(libc::SYS_getsid)), 1000);
    assert_eq!(
        seen.events_that(|kind| matches!(kind, EventKind::Exit { .. })),
        1001
    );
    assert_eq!(seen.whole_threads().len(), 1001);
    assert_eq!((seen.lost(), &seen.source.missed), (0, &Vec::new()));
    assert_eq!(seen.source.threads, Some(0));
}

/// The calls that were seen of each child of `one-number`, in the order in which they began, and
/// how many it made as far as its end tells. `None` where the kernel lets nobody choose a number.
fn of_one_number(seen: &Seen) -> Option<Vec<(u64, Option<u64>)>> {
    if seen.status == Some(77) {
        eprintln!("skipped: this kernel lets nobody choose the number of a process");
        return None;
    }
    assert_eq!(seen.status, Some(0));
    let mut lives = BTreeMap::<ThreadKey, (u64, Option<u64>)>::new();
    for event in &seen.events {
        match &event.kind {
            EventKind::Calls(stretch) => {
                lives.entry(event.thread).or_default().0 += stretch.calls.len() as u64;
            }
            EventKind::Exit { count } => lives.entry(event.thread).or_default().1 = Some(*count),
            _ => {}
        }
    }
    // The parent is the first that began.
    let mut lives: Vec<_> = lives.into_iter().collect();
    lives.sort_unstable_by_key(|(key, _)| key.start_ns);
    let mut numbers: Vec<_> = lives[1..].iter().map(|(key, _)| key.tid).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), 1, "{numbers:?}");
    Some(lives[1..].iter().map(|&(_, calls)| calls).collect())
}

#[test]
#[ignore = "needs root"]
fn processes_that_have_one_number_after_each_other_are_told_apart() {
    for watch in [watch_traced, watch_traced_behind] {
        let seen = watch(&["one-number", "200"], options());
        let Some(lives) = of_one_number(&seen) else {
            return;
        };
        // With the call that ends each.
        let made: Vec<_> = (2..=201).map(|calls| (calls, Some(calls))).collect();
        assert_eq!(lives, made);
        seen.whole_threads();
        assert_eq!((seen.lost(), seen.source.threads), (0, Some(0)));
    }
}

#[test]
#[ignore = "needs root"]
fn what_a_process_left_behind_for_want_of_room_is_not_anothers_of_its_number() {
    let mut asked = options();
    asked.sizes.ring_bytes = 4096;
    asked.flush_interval = std::time::Duration::from_millis(500);
    let seen = watch_traced_behind(&["one-number", "1000"], asked);
    let Some(lives) = of_one_number(&seen) else {
        return;
    };
    assert!(seen.lost() > 0, "the reader was never behind");
    let ended: Vec<_> = lives.iter().filter_map(|it| Some((it.0, it.1?))).collect();
    assert!(ended.len() > 1, "{lives:?}");
    for (seen, made) in ended {
        assert!(seen <= made, "{seen} of {made}: {lives:?}");
    }
}

#[test]
#[ignore = "needs root"]
fn without_following_the_children_are_not_seen() {
    let mut asked = options();
    asked.follow = false;
    let seen = watch_traced(&["children", "10"], asked);
    assert_eq!(seen.count(native(libc::SYS_getsid)), 0);
    assert_eq!(seen.whole_threads().len(), 1);
}

#[test]
#[ignore = "needs root"]
fn an_exec_of_a_thread_ends_the_others_and_goes_on_under_the_new_name() {
    let seen = watch_traced(&["thread-exec"], options());
    assert_eq!(seen.status, Some(0));
    let execs: Vec<_> = seen
        .events
        .iter()
        .filter(|event| event.kind == EventKind::Exec)
        .collect();
    let names: Vec<_> = execs.iter().map(|event| event.comm.to_string()).collect();
    assert_eq!(names, ["traced", "true"]);
    // The former leader, the thread that executed, and the leader that it became.
    assert_eq!(
        seen.events_that(|kind| matches!(kind, EventKind::Exit { .. })),
        3
    );
    let after = seen
        .events
        .iter()
        .rev()
        .find_map(|event| match &event.kind {
            EventKind::Calls(stretch) => stretch.calls.last().copied(),
            _ => None,
        });
    assert_eq!(after, Some(native(libc::SYS_exit_group)));
    assert_eq!(seen.lost(), 0);
}

#[test]
#[ignore = "needs root"]
fn a_new_name_is_seen_and_escaped() {
    let seen = watch_traced(&["rename"], options());
    let last = seen.events.last().expect("events").comm;
    assert_eq!(last.to_string(), "\\x1b[31m\\nevil");
}
