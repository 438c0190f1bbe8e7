//! A recording of a burst that nothing follows.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use monitor::syscall::event::{Call, EventKind, ThreadKey};
use monitor::syscall::table;
use monitor::trace;

use super::wait_until;
use crate::harness::{monitor, run, text};
use crate::traced::traced;

/// Calls of the burst: fewer than a recorder writes at a time.
const BURST: usize = 500;

/// The calls of each thread in a recording that may have no end yet, in order; a gap among them is
/// none of the recording.
fn recorded(path: &Path) -> BTreeMap<ThreadKey, Vec<Call>> {
    let mut threads = BTreeMap::<_, Vec<Call>>::new();
    // Its header may not be there yet.
    let Ok(source) = trace::open(path, None) else {
        return threads;
    };
    for event in source {
        let event = event.expect("whole up to where it ends");
        if let EventKind::Calls(stretch) = event.kind {
            let calls = threads.entry(event.thread).or_default();
            assert_eq!(stretch.first_seq, calls.len() as u64, "{:?}", event.thread);
            calls.extend(stretch.calls);
        }
    }
    threads
}

/// The calls of the thread that made the burst, as many as are there.
fn burst(path: &Path) -> Option<Vec<Call>> {
    let is_burst = |call: &&Call| table::name(**call) == Some("getppid");
    let threads = recorded(path);
    let calls = threads.into_values();
    calls.max_by_key(|it| it.iter().filter(is_burst).count())
}

#[test]
#[ignore = "needs root"]
fn a_recording_holds_every_call_of_a_burst_before_silence_and_sigkill() {
    let folder = tempfile::tempdir().expect("a folder");
    let (recording, control) = (folder.path().join("run.rec"), folder.path().join("all.rec"));
    let getppid = format!("{} getppid {BURST}", traced().display());
    let record = |to: &Path, then: &str| {
        let script = format!("{getppid}; {then}");
        monitor(&["record", "--output", text(to), "--", "sh", "-c", &script])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts")
    };
    // What the burst's thread makes, of a run that ended in order.
    let ended = record(&control, "exit 0").wait().expect("ends");
    assert!(ended.success());
    let all = burst(&control).expect("a thread");
    let made = |calls: &[Call]| {
        let names = calls.iter().filter_map(|&call| table::name(call));
        names.filter(|&it| it == "getppid").count()
    };
    assert_eq!(made(&all), BURST);
    let mut child = record(&recording, "exec sleep 60");
    // The shell sleeps by then, and makes no call that could take the burst along.
    wait_until("the burst is written", || {
        burst(&recording).is_some_and(|it| it.len() == all.len())
    });
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert_eq!(burst(&recording), Some(all), "to the last one");
    let ran = run(&["replay", "--format", "json", text(&recording)]);
    let replayed = ran.lines().into_iter().rfind(|it| it["type"] == "summary");
    let calls: usize = recorded(&recording).values().map(Vec::len).sum();
    assert_eq!(
        replayed.expect("a summary")["received"],
        calls,
        "{}",
        ran.err
    );
}
