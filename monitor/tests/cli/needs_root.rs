//! The live run from outside, with the embedded model.

mod accounting;
mod alarm_log;
mod ends_and_refusals;
mod flood;
mod guard;
mod namespaces;
mod outputs;
mod perf_events;
mod profile;
mod recording;
mod response;
mod rights;
mod small_disk;
mod targets;
mod terminal;
mod watching;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::{Ran, monitor, parse, run, text};
use crate::schema;

/// A shell that starts three programs: some hundred calls of four processes.
const SCRIPT: &str = "for i in 1 2 3; do /bin/ls / > /dev/null; done";

/// Alarms and thread ends without what a replay cannot know.
fn verdicts(lines: &[Value]) -> Vec<Value> {
    let mut verdicts: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] == "alarm" || line["type"] == "thread_end")
        .cloned()
        .collect();
    for verdict in &mut verdicts {
        let fields = verdict.as_object_mut().expect("an object");
        fields.remove("source");
        // An id is unique for ever; whose process it was is read while it lives.
        for unknown in ["id", "like", "who", "service"] {
            fields.remove(unknown);
        }
        // The live clock is asked anew each time and may differ by some microseconds.
        fields.remove("time");
    }
    verdicts
}

fn summary(lines: &[Value]) -> &Value {
    let last = lines.last().expect("not empty");
    assert_eq!(last["type"], "summary");
    last
}

#[test]
#[ignore = "needs root"]
fn a_recording_made_while_monitoring_replays_to_the_same_verdicts() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorded = folder.path().join("run.rec");
    let low = ["--threshold", "0.5", "--format", "json"];
    let live = run(&[
        &low[..],
        &["--record", text(&recorded), "--", "sh", "-c", SCRIPT],
    ]
    .concat());
    assert_eq!(live.status, 0, "the command's own: {}", live.err);
    let replayed = run(&[&["replay"], &low[..], &[text(&recorded)]].concat());
    assert_eq!(replayed.status, 3, "{}", replayed.err);
    let (live, replayed) = (live.lines(), replayed.lines());
    live.iter().for_each(schema::check);
    assert_eq!(summary(&live)["lost"], 0);
    assert_eq!(summary(&live)["calls"], summary(&replayed)["calls"]);
    let live = verdicts(&live);
    assert!(live.iter().any(|one| one["type"] == "alarm"));
    assert_eq!(live, verdicts(&replayed));
}

#[test]
#[ignore = "needs root"]
fn the_status_of_the_command_is_passed_on() {
    let quiet = |script: &str| run(&["--format", "json", "--", "sh", "-c", script]).status;
    assert_eq!(quiet("exit 0"), 0);
    assert_eq!(quiet("exit 7"), 7);
    // 128 and SIGKILL's number, as a shell would say it.
    assert_eq!(quiet("kill -9 $$"), 137);
}

#[test]
#[ignore = "needs root"]
fn record_writes_what_replay_reads_and_scores_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorded = folder.path().join("run.rec");
    let ran = run(&[
        "record",
        "--output",
        text(&recorded),
        "--",
        "sh",
        "-c",
        SCRIPT,
    ]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("Summary after"), "{}", ran.err);
    let replayed = run(&["replay", "--format", "json", text(&recorded)]);
    assert_eq!(replayed.err, "", "nothing was left out of it");
    let lines = replayed.lines();
    let calls = summary(&lines)["calls"].as_u64().expect("a number");
    let shown = format!("calls     {calls} ");
    // Between groups of three digits stands a comma.
    let told = ran.err.replace(',', "");
    assert!(told.contains(&shown), "{shown} in {told}");
}

#[test]
#[ignore = "needs root"]
fn the_verdicts_go_to_the_file_and_the_output_of_the_command_stays_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("verdicts.jsonl");
    let arguments = ["--format", "json", "--output", text(&file)];
    let ran: Ran = run(&[&arguments[..], &["--", "echo", "mine"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(ran.out, "mine\n");
    assert!(ran.err.starts_with("Summary after"), "{}", ran.err);
    let lines = parse(&fs::read_to_string(&file).expect("written"));
    lines.iter().for_each(schema::check);
    assert!(summary(&lines)["calls"].as_u64() > Some(0));
}

#[test]
#[ignore = "needs root"]
fn a_target_that_cannot_be_watched_is_named() {
    // Above PID_MAX_LIMIT (include/linux/threads.h).
    run(&["--pid", "4194305"]).refused(1, &["4194305"]);
    run(&["--cgroup", "/no/such/cgroup"]).refused(1, &["there is no cgroup /no/such/cgroup"]);
    run(&["--cgroup", "/proc/self"]).refused(1, &["/proc/self is no cgroup of version 2"]);
    run(&["--", "no-such-command"]).refused(1, &["no-such-command"]);
}

#[test]
#[ignore = "needs root"]
fn a_run_ends_after_its_time() {
    let begun = Instant::now();
    let ran = run(&["--comm", "no-such-name", "--for", "300ms"]);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(ran.status, 0, "{}", ran.err);
    let mut lines = ran.err.lines();
    let first = lines.next().expect("a line");
    assert!(first.starts_with("monitor: no profile: "), "{first}");
    let second = lines.next().expect("what is waited for");
    assert!(
        second.contains("no thread is called no-such-name yet"),
        "{second}"
    );
    let second = lines.next().expect("ready");
    assert_eq!(second, "monitor: watching comm no-such-name; Ctrl-C ends");
    let third = lines.next().expect("a summary");
    assert!(third.starts_with("Summary after"), "{third}");
    let last = ran.err.lines().last().expect("a last one");
    assert!(last.contains("no call was seen"), "{}", ran.err);
}

#[test]
#[ignore = "needs root"]
fn without_a_terminal_a_run_says_how_to_keep_what_it_learned() {
    let me = std::process::id().to_string();
    // A process that makes calls: this one.
    let busy = std::thread::spawn(|| {
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            let _ = std::fs::read("/proc/self/comm");
        }
    });
    let watch = [
        "--pid",
        &me,
        "--for",
        "500ms",
        "--no-follow",
        "--no-alarm-log",
    ];
    // Where nobody names a place it is the state folder's, whichever folder is the current one.
    let state = tempfile::tempdir().expect("a folder");
    let current = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| -> Ran {
        monitor(arguments)
            .env_remove("MONITOR_ALARM_LOG")
            .env("STATE_DIRECTORY", state.path())
            .current_dir(current.path())
            .output()
            .expect("starts")
            .into()
    };
    let ran = run(&watch);
    let profiles = state.path().join("profiles");
    let told = format!(
        "and did not keep them: --save-profile {}/",
        profiles.display()
    );
    assert!(ran.err.contains(&told), "{told} in {}", ran.err);
    let mode = fs::metadata(&profiles).expect("made").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let ran = run(&[&watch[..], &["--no-learn"]].concat());
    assert!(!ran.err.contains("--save-profile"), "{}", ran.err);
    // What watches the whole host is no process's.
    let ran = run(&["--all", "--for", "500ms", "--no-alarm-log"]);
    let told = format!(
        "--save-profile {}/host.profile would have",
        profiles.display()
    );
    assert!(ran.err.contains(&told), "{told} in {}", ran.err);
    for folder in [current.path(), &profiles] {
        assert_eq!(fs::read_dir(folder).expect("there").count(), 0);
    }
    busy.join().expect("busy");
}
