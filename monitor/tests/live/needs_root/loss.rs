//! Loss is counted exactly.

use std::time::{Duration, Instant};

use monitor::syscall::event::EventKind;

use crate::harness::{native, options, watch_command, watch_traced, watch_traced_behind};
use crate::heard;

#[test]
#[ignore = "needs root"]
fn with_a_tiny_ring_seen_and_lost_are_together_what_was_made() {
    let made = u64::try_from(
        watch_traced(&["threads", "200000"], options())
            .calls()
            .count(),
    );
    let made = made.expect("fits");
    let mut asked = options();
    asked.sizes.ring_bytes = 4096;
    asked.flush_interval = Duration::from_millis(200);
    let seen = watch_traced_behind(&["threads", "200000"], asked);
    let arrived = seen.calls().count() as u64;
    assert!(seen.lost() > 0, "the ring was large enough for all");
    // The program's own start and end differ by a few calls (futex) from run to run; the calls of
    // its loops do not.
    let difference = made.abs_diff(arrived + seen.lost());
    assert!(
        difference < 20,
        "{made} made, {arrived} arrived, {} lost",
        seen.lost()
    );
    assert!(seen.count(native(libc::SYS_getppid)) < 800_000);
}

#[test]
#[ignore = "needs root"]
fn a_single_threads_calls_are_accounted_for_to_the_last_one() {
    let made = watch_traced(&["getppid", "300000"], options());
    assert_eq!(made.lost(), 0);
    let mut asked = options();
    asked.sizes.ring_bytes = 4096;
    asked.flush_interval = Duration::from_millis(500);
    let seen = watch_traced_behind(&["getppid", "300000"], asked);
    assert_eq!(
        seen.calls().count() as u64 + seen.lost(),
        made.calls().count() as u64
    );
    assert!(seen.lost() > 0, "the reader was never behind");
}

#[test]
#[ignore = "needs root"]
fn forks_that_the_ring_had_no_room_for_are_counted() {
    let mut asked = options();
    asked.sizes.ring_bytes = 4096;
    asked.flush_interval = Duration::from_millis(500);
    let seen = watch_traced_behind(&["children", "2000"], asked);
    let told = seen.events_that(|kind| matches!(kind, EventKind::Fork { .. }));
    // What is touched is told in records of its own, which find as little room.
    let missed = seen.source.missed.iter();
    let missed: u64 = missed
        .filter(|(reason, _)| reason.contains("forks"))
        .map(|(_, count)| count)
        .sum();
    assert_eq!(told as u64 + missed, 2000, "{:?}", seen.source.missed);
    assert!(missed > 0, "the reader was never behind");
}

#[test]
#[ignore = "needs root"]
fn a_thread_table_without_room_is_said() {
    let mut asked = options();
    asked.sizes.max_threads = 2;
    let seen = watch_traced(&["threads", "200000"], asked);
    let full = seen
        .source
        .lost
        .iter()
        .find(|(reason, _)| *reason == "thread table full");
    let (_, lost) = full.expect("counted");
    let arrived = seen.count(native(libc::SYS_getppid));
    assert!(*lost >= 800_000 - arrived, "{lost} lost, {arrived} arrived");
}

#[test]
#[ignore = "needs root"]
fn children_that_the_table_of_processes_has_no_room_for_are_counted() {
    const CHILDREN: u64 = 20;
    let mut asked = options();
    // The shell and three more.
    asked.sizes.max_processes = Some(4);
    let script = format!("i=0; while [ $i -lt {CHILDREN} ]; do sleep 2 & i=$((i+1)); done; wait");
    heard::listen();
    let begun = Instant::now();
    let seen = watch_command("/bin/sh".into(), &["-c", &script], asked);
    assert_eq!(seen.status, Some(0));
    // It is said while they run, with the remedy, and not in the summary alone.
    let told = heard::first_since(
        begun,
        "the table of processes is full; watch more of them with --max-threads",
    );
    assert!(told.is_some_and(|at| at.elapsed() > Duration::from_secs(1)));
    let full = seen.source.missed.iter();
    let refused: u64 = full
        .filter(|(reason, _)| reason.contains("process table full"))
        .map(|(_, count)| count)
        .sum();
    let followed = seen.whole_threads().len() as u64 - 1;
    assert_eq!(followed + refused, CHILDREN, "{:?}", seen.source.missed);
    assert!((1..=3).contains(&followed), "{followed} followed");
    assert_eq!(seen.lost(), 0, "{:?}", seen.source.lost);
}

#[test]
#[ignore = "needs root"]
fn threads_whose_numbers_collide_lose_nothing() {
    let mut asked = options();
    // Five threads and four slots: at least one thread has none of its own.
    asked.sizes.max_threads = 5;
    let seen = watch_traced(&["threads", "200000"], asked);
    assert_eq!(seen.lost(), 0);
    assert_eq!(seen.count(native(libc::SYS_getppid)), 800_000);
}
