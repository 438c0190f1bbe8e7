//! Processes and threads come and go.

use monitor::syscall::event::EventKind;

use crate::harness::{native, options, watch_traced};

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
