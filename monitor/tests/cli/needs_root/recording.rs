//! What a live recording holds.

use monitor::syscall::event::{Abi, Call, EventKind};

use crate::harness::{run, text};
use crate::traced::traced;

/// How far a time may be off at most, nanoseconds.
const NEAR: u64 = 500_000_000;

#[test]
#[ignore = "needs root"]
fn the_first_call_behind_a_long_sleep_is_recorded_with_its_own_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("run.rec");
    let record = ["record", "--output", text(&recording), "--"];
    let ran = run(&[&record[..], &[text(&traced()), "pause", "20"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    // By the program's own clock the call was made between these.
    let told = ran.err.lines().find_map(|line| {
        let (before, after) = line.split_once(' ')?;
        Some((before.parse::<u64>().ok()?, after.parse::<u64>().ok()?))
    });
    let (before, after) = told.expect("it says so");
    let events = monitor::trace::open(&recording, None).expect("a recording");
    let stretches: Vec<_> = events
        .filter_map(|event| {
            let event = event.expect("whole");
            match event.kind {
                EventKind::Calls(stretch) => Some((event.time_ns, stretch.calls)),
                _ => None,
            }
        })
        .collect();
    let sleep = Call {
        abi: if cfg!(target_arch = "aarch64") {
            Abi::Aarch64
        } else {
            Abi::X86_64
        },
        number: libc::SYS_clock_nanosleep as u32,
    };
    let place = stretches.iter().position(|it| it.1.contains(&sleep));
    let place = place.expect("it sleeps");
    let (_, calls) = &stretches[place];
    assert_eq!(calls.last(), Some(&sleep), "it was seen while it slept");
    let (time, _) = stretches[place + 1];
    assert!(
        (before - NEAR..=after).contains(&time),
        "made between {before} and {after}, recorded at {time}"
    );
}
