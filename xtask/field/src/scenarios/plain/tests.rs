use std::path::PathBuf;

use monitor::syscall::table;

use super::{Alarm, Plain, lowest};
use crate::scenarios::hand_made::{HandMade, MS};

/// What the service does over and over.
const ROUND: [u32; 8] = [0, 1, 3, 5, 0, 1, 7, 9];

fn rounds(count: usize) -> Vec<u32> {
    ROUND.repeat(count)
}

/// Ten threads that do nothing but rounds.
fn learned(folder: &tempfile::TempDir) -> Plain {
    let recording = (100..110).fold(HandMade::default(), |it, tid| {
        it.calls((100, tid), 0, MS, &rounds(50))
    });
    Plain::learn(&[recording.write(folder.path(), "learned")]).expect("learned")
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn alarm(time_ns: u64, tgid: u32, tid: u32) -> Alarm {
    Alarm { time_ns, tgid, tid }
}

#[test]
fn what_was_learned_raises_nothing_and_is_counted() {
    let folder = folder();
    let plain = learned(&folder);
    assert_eq!(plain.stide_threshold(), 0);
    let learned = plain.learned();
    assert_eq!((learned.calls, learned.threads), (4000, 10));
    assert_eq!((learned.different_calls, learned.sequences), (6, 8));
    let same = HandMade::default().calls((7, 7), 0, 5 * MS, &rounds(30));
    let judged = plain
        .judge(&same.write(folder.path(), "same"))
        .expect("judged");
    assert_eq!((judged.never_seen, judged.stide), (vec![], vec![]));
    assert_eq!(
        (judged.calls, judged.first_ns, judged.last_ns),
        (240, 5 * MS, (5 + 239) * MS)
    );
}

#[test]
fn a_call_never_seen_alarms_once_in_each_process() {
    let folder = folder();
    let mut calls = rounds(20);
    calls.extend([333, 0, 333]);
    calls.extend(rounds(20));
    calls.push(333);
    let recording = HandMade::default()
        .calls((7, 7), 0, MS, &calls)
        .calls((7, 8), 0, MS, &[0, 333])
        .calls((9, 9), 0, MS, &[333])
        .exit(9, 3 * MS, 1)
        .calls((9, 10), 0, 4 * MS, &[333]);
    let judged = learned(&folder)
        .judge(&recording.write(folder.path(), "new"))
        .expect("judged");
    // The number 9 is another process after the end of the first.
    let expected = [alarm(161 * MS, 7, 7), alarm(MS, 9, 9), alarm(4 * MS, 9, 10)];
    assert_eq!(judged.never_seen, expected);
}

#[test]
fn the_same_number_of_another_table_was_never_seen() {
    use monitor::syscall::event::{Abi, Call};
    let folder = folder();
    let plain = learned(&folder);
    let other = Call {
        abi: Abi::I386,
        number: 3,
    };
    let unseen = monitor::profile::vocabulary::Vocabulary::UNSEEN;
    assert_eq!(plain.vocabulary.token(other), unseen);
    assert!(!table::is_restart(other));
}

#[test]
fn known_calls_in_another_order_are_a_mismatch_and_one_alarm() {
    let folder = folder();
    let mut calls = rounds(20);
    calls.extend([9, 7, 5, 3, 1, 0]);
    calls.extend(rounds(2));
    calls.extend([9, 7, 5, 3, 1, 0]);
    calls.extend(rounds(20));
    calls.extend([9, 7, 5, 3, 1, 0]);
    let recording = HandMade::default().calls((7, 8), 0, MS, &calls);
    let judged = learned(&folder)
        .judge(&recording.write(folder.path(), "order"))
        .expect("judged");
    assert_eq!(judged.never_seen, []);
    // The first of the six follows a round as nothing did; the second group comes within the same
    // episode.
    let second = 20 * 8 + 6 + 2 * 8 + 6 + 20 * 8;
    assert_eq!(
        judged.stide,
        [alarm((160 + 1) * MS, 7, 8), alarm((second + 1) * MS, 7, 8)]
    );
}

#[test]
fn no_sequence_reaches_over_missing_calls() {
    let folder = folder();
    // The second part goes on in the middle of a round.
    let recording = HandMade::default().calls((7, 7), 0, MS, &rounds(20)).calls(
        (7, 7),
        1003,
        900 * MS,
        &rounds(20)[3..],
    );
    let judged = learned(&folder)
        .judge(&recording.write(folder.path(), "gap"))
        .expect("judged");
    assert_eq!(judged.stide, []);
}

#[test]
fn the_threshold_tolerates_what_a_life_left_out_of_learning_does() {
    let folder = folder();
    // Each of ten threads has one habit of its own: two calls swapped, once, which is a mismatch to
    // all others.
    let recording = (0..10u32).fold(HandMade::default(), |it, thread| {
        let mut calls = rounds(50);
        calls[200] = 20 + thread;
        it.calls((100, 100 + thread), 0, MS, &calls)
    });
    let path = recording.write(folder.path(), "habits");
    let plain = Plain::learn(std::slice::from_ref(&path)).expect("learned");
    // One foreign call stands in six sequences.
    assert_eq!(plain.stide_threshold(), 6);
    assert_eq!(plain.learned().held_out_alarms, 0);
    let judged = plain.judge(&path).expect("judged");
    assert_eq!((judged.never_seen, judged.stide), (vec![], vec![]));
    let mut calls = rounds(50);
    calls[200] = 40;
    let once = HandMade::default().calls((7, 7), 0, MS, &calls);
    calls[206] = 41;
    let twice = HandMade::default().calls((7, 7), 0, MS, &calls);
    let alarms = |made: HandMade, name: &str| -> usize {
        let judged = plain.judge(&made.write(folder.path(), name));
        judged.expect("judged").stide.len()
    };
    assert_eq!((alarms(once, "once"), alarms(twice, "twice")), (0, 1));
}

#[test]
fn recordings_are_learned_together_and_a_cut_one_is_read_as_far_as_it_goes() {
    let folder = folder();
    let make = |name, tid, calls: &[u32]| -> PathBuf {
        let made = HandMade::default().calls((tid, tid), 0, MS, calls);
        made.write(folder.path(), name)
    };
    let paths = [
        make("one", 1, &rounds(30)),
        make("two", 2, &rounds(30)),
        make("three", 3, &[11, 12]),
    ];
    let plain = Plain::learn(&paths).expect("learned");
    assert_eq!(plain.learned().calls, 482);
    let judged = plain.judge(&paths[2]).expect("judged");
    assert_eq!(judged.never_seen, []);
    assert!(plain.judge(&folder.path().join("none")).is_err());
}

#[test]
fn of_a_million_calls_none_may_alarm_and_of_ten_one_may() {
    assert_eq!(lowest(&[9, 1, 0], 1_000_000), 2);
    assert_eq!(lowest(&[9, 1, 0], 10_000_000), 1);
    assert_eq!(lowest(&[9, 3, 3], 1_000_000), 1, "no higher one is better");
}
