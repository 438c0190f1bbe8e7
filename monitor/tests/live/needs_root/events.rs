//! Live events one by one, as a program that uses the library takes them.

use monitor::{
    Source as _,
    live::Events,
    run::clock::WallClock,
    syscall::event::{Event, EventKind},
};

use crate::{
    harness::{native, options},
    traced::traced,
};

fn program(words: &[&str]) -> (std::ffi::OsString, Vec<std::ffi::OsString>) {
    (traced().into(), words.iter().map(Into::into).collect())
}

/// Calls of getppid in an event.
fn calls(event: &Event) -> usize {
    match &event.kind {
        EventKind::Calls(stretch) => {
            let getppid = native(libc::SYS_getppid);
            stretch.calls.iter().filter(|&&it| it == getppid).count()
        }
        _ => 0,
    }
}

#[test]
#[ignore = "needs root"]
fn a_command_is_told_of_from_its_first_call_to_its_end() {
    let events = Events::watch(options(), Some(program(&["getppid", "1000"]))).expect("watches");
    assert_eq!(events.clock(), WallClock::Live);
    let events: Vec<Event> = events.collect::<Result<_, _>>().expect("no error");
    let made: usize = events.iter().map(calls).sum();
    assert_eq!(made, 1_000);
    let last = events.last().expect("some");
    assert!(matches!(last.kind, EventKind::Exit { .. }), "{last:?}");
}

#[test]
#[ignore = "needs root"]
fn who_takes_no_more_ends_the_watch_and_who_cannot_watch_is_told() {
    let mut events = Events::watch(options(), Some(program(&["sleep", "30"]))).expect("watches");
    events.next().expect("one at least").expect("no error");
    drop(events);
    let mut options = options();
    options.target = monitor::live::target::Target::Processes(vec![u32::MAX / 2]);
    let error = Events::watch(options, None).err().expect("there is none");
    assert!(error.to_string().contains("2147483647"), "{error}");
}
