//! `monitor explain` from outside: it reads logs and needs neither model nor root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use monitor::profile::{Profile, file};
use serde_json::{Value, json};

use crate::harness::{Ran, monitor, run, text};
use crate::schema;

/// An alarm as a monitor with a profile writes it: 40 times `read`, then `ptrace` under another
/// name.
pub fn alarm(id: &str) -> Value {
    let read = json!(["x86-64", 0, "read"]);
    let mut calls = vec![read; 40];
    calls.push(json!(["x86-64", 101, "ptrace"]));
    json!({
        "schema": 2, "type": "alarm", "id": id, "service": "web", "severity": "critical",
        "suppressed": null, "like": null, "provisional": false, "who": null, "source": null, "time_ns": 1,
        "time": "2026-01-02T03:04:05Z", "pid": 41, "tid": 42, "start_ns": 7, "comm": "sh",
        "pace": "first_seen", "score": 16.0, "score_bits": format!("{:016x}", 16.0_f64.to_bits()),
        "threshold": 12.0, "reasons": [{"pace": "first_seen", "score": 16.0, "threshold": 12.0}],
        "first_seen": [{"seq": 40, "kind": "call", "comm": null, "abi": "x86-64", "number": 101,
            "name": "ptrace", "detail": null, "outcome": null, "technique": null, "nats": 16.0}],
        "evidence": "complete",
        "surprising": [{"seq": 40, "abi": "x86-64", "number": 101, "name": "ptrace", "index": 26,
            "surprise": 12.5, "expected": [{"abi": "x86-64", "number": 0, "index": 3, "name": "read",
            "probability": 0.9}], "pair": {"abi": "x86-64", "number": 0, "name": "read", "count": 0}}],
        "flight": {"first_seq": 0, "calls": calls, "names": [[0, "nginx"], [39, "sh"]],
            "touches": []},
        "lineage": [{"pid": 40, "comm": "nginx", "executed": false},
            {"pid": 41, "comm": "sh", "executed": true}],
        "model": {"name": "default", "sha256": "ab".repeat(32)},
        "profile": {"sha256": "cd".repeat(32), "adapted": false, "path": null},
    })
}

fn aftermath(id: &str) -> Value {
    json!({
        "schema": 2, "type": "aftermath", "alarm": id, "source": null, "pid": 41, "tid": 42,
        "start_ns": 7, "first_seq": 41, "calls": [["x86-64", 59, "execve"]], "ended": true,
    })
}

pub fn log(folder: &Path, lines: &[Value]) -> PathBuf {
    let path = folder.join("alarms.jsonl");
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&path, lines).expect("written");
    path
}

fn explain(path: &Path, arguments: &[&str]) -> Ran {
    run(&[&["explain", "--alarm-log", text(path)], arguments].concat())
}

#[test]
fn an_alarm_is_shown_with_its_reasons_and_the_window_around_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = [alarm("41-42-7-40"), aftermath("41-42-7-40")];
    lines.iter().for_each(schema::check);
    let path = log(folder.path(), &lines);
    let ran = explain(&path, &["41-4"]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    for part in [
        "score 16.00 over 12.00 nats (never seen before), evidence complete",
        "ptrace                16.00 nats  call never made by the service",
        "expected read 90%; read → ptrace never seen before",
        "processes nginx (40) → sh (41)",
        "Before it, the last 32 of 41 calls",
        "#9        [nginx] read read",
        "#39       [sh] read *ptrace",
        "After it, 1 calls, then the thread ended:\n  #41       execve",
        "model default, sha256 abababababab, and the profile with sha256 cdcdcdcdcdcd",
    ] {
        assert!(ran.out.contains(part), "no {part:?} in {}", ran.out);
    }
    let ran = explain(&path, &["41-42-7-40", "--format", "json"]);
    assert_eq!(ran.lines(), lines);
}

#[test]
fn the_latest_alarms_are_listed_a_line_each() {
    let folder = tempfile::tempdir().expect("a folder");
    let alarms: Vec<_> = (0..25).map(|n| alarm(&format!("id-{n}"))).collect();
    let path = log(folder.path(), &alarms);
    let ran = explain(&path, &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_eq!(ran.out.lines().count(), 20);
    let last = ran.out.lines().last().expect("lines");
    assert!(last.contains("id-24  sh  pid 41  16.00 over 12.00 nats, never seen before"));
}

#[test]
fn an_id_that_is_none_or_several_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = log(folder.path(), &[alarm("1-2"), alarm("1-23"), alarm("1-2")]);
    explain(&path, &["9"]).refused(1, &["there is no alarm 9", "lists the latest"]);
    explain(&path, &["1-"]).refused(1, &["1-2, 1-23", "more of the id"]);
    let ran = explain(&path, &["1-2"]);
    assert_eq!(ran.status, 0, "the whole id is one: {}", ran.err);
    assert!(ran.out.contains("After it: not recorded"), "{}", ran.out);
    let missing = folder.path().join("none.jsonl");
    explain(&missing, &[]).refused(1, &["none.jsonl", "--alarm-log"]);
}

#[test]
fn the_id_of_an_incident_stands_for_its_heaviest_alarm() {
    let folder = tempfile::tempdir().expect("a folder");
    let incident =
        json!({"schema": 2, "type": "incident", "id": "01HF7YAT00I", "alarm": "01HF7YAT00A2"});
    let alarms = ["01HF7YAT00A1", "01HF7YAT00A2"].map(alarm);
    let lines = [&alarms[..], &[incident]].concat();
    let path = log(folder.path(), &lines);
    for id in ["01HF7YAT00I", "01HF7YAT"] {
        let ran = explain(&path, &[id, "--format", "json"]);
        assert_eq!(ran.lines(), [alarm("01HF7YAT00A2")], "{}", ran.err);
    }
    let ran = explain(&path, &["01HF7YAT00A1", "--format", "json"]);
    assert_eq!(ran.lines(), [alarm("01HF7YAT00A1")]);
}

#[test]
fn the_log_that_was_set_aside_is_searched_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = log(folder.path(), &[alarm("old")]);
    fs::rename(&path, folder.path().join("alarms.jsonl.1")).expect("renamed");
    log(folder.path(), &[alarm("new")]);
    assert_eq!(explain(&path, &["old"]).status, 0);
    let list = explain(&path, &[]).out;
    assert!(list.lines().last().is_some_and(|line| line.contains("new")));
}

#[test]
fn what_is_accepted_at_once_by_many_is_all_kept() {
    const MANY: usize = 16;
    let folder = tempfile::tempdir().expect("a folder");
    let id = |number: usize| format!("01HF7YAT{number:02}00000000000000000");
    let alarms: Vec<_> = (0..MANY)
        .map(|number| {
            let mut alarm = alarm(&id(number));
            // Each has a call that no other has.
            alarm["flight"]["calls"][10] = json!(["x86-64", 140 + number, null]);
            alarm
        })
        .collect();
    let log = log(folder.path(), &alarms);
    let profile = folder.path().join("web.profile");
    file::write(&profile, &Profile::default()).expect("written");
    let accepting: Vec<_> = (0..MANY)
        .map(|it| {
            let id = id(it);
            let arguments = ["profile", "accept", &id, "--profile", text(&profile)];
            monitor(&arguments)
                .args(["--yes", "--alarm-log", text(&log)])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts")
        })
        .collect();
    for child in accepting {
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }
    let (after, _) = file::read(&profile).expect("whole");
    let mut accepted: Vec<_> = after
        .accepted
        .acceptances
        .into_iter()
        .map(|it| it.alarm)
        .collect();
    accepted.sort_unstable();
    assert_eq!(accepted, (0..MANY).map(id).collect::<Vec<_>>());
}

#[test]
fn a_place_that_no_thread_reaches_is_refused_and_changes_no_profile() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("web.profile");
    file::write(&profile, &Profile::default()).expect("written");
    let before = fs::read(&profile).expect("there");
    let id = "01HF7YAT000000000000000000";
    let accept = |alarm: Value| {
        let log = log(folder.path(), &[alarm]);
        let arguments = ["profile", "accept", id, "--yes", "--profile"];
        let places = [text(&profile), "--alarm-log", text(&log)];
        run(&[&arguments[..], &places].concat())
    };
    // With the last of its 41 calls beyond the largest number, and just before it.
    for place in [u64::MAX, u64::MAX - 20, u64::MAX - 41, (u64::MAX >> 1) + 1] {
        let mut far = alarm(id);
        far["flight"]["first_seq"] = place.into();
        accept(far).refused(1, &[&place.to_string(), "no thread reaches"]);
        let mut named = alarm(id);
        named["flight"]["names"][1][0] = place.into();
        accept(named).refused(1, &[&place.to_string()]);
        assert_eq!(fs::read(&profile).expect("there"), before);
    }
    // The largest place that is taken.
    let mut far = alarm(id);
    far["flight"]["first_seq"] = (u64::MAX >> 1).into();
    far["flight"]["names"] = json!([]);
    let ran = accept(far);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert_ne!(fs::read(&profile).expect("there"), before);
}

#[test]
fn hostile_lines_are_counted_escaped_and_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut steering = alarm("steering");
    steering["comm"] = "\u{1b}[2J".into();
    let mut id = alarm("\u{1b}]0;owned\u{7}");
    id["time"] = "\u{1b}[2J".into();
    let mut long = alarm("long");
    long["flight"]["calls"] = vec![json!(["x86-64", 0, "read"]); 600].into();
    let path = log(folder.path(), &[steering, id, long]);
    let mut bytes = fs::read(&path).expect("written");
    bytes.extend(b"{\"type\":\"ala\n\xff\xfe\n");
    bytes.extend(vec![b'['; 3 << 20]);
    bytes.push(b'\n');
    bytes.extend(format!("{}\n", alarm("good")).bytes());
    fs::write(&path, bytes).expect("written");
    let ran = explain(&path, &[]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(
        ran.err.contains("3 lines are no whole statement"),
        "{}",
        ran.err
    );
    assert!(!ran.out.contains('\u{1b}') && !ran.out.contains('\u{7}'));
    assert_eq!(ran.out.lines().count(), 4);
    assert_eq!(explain(&path, &["good"]).status, 0);
    explain(&path, &["steering"]).refused(1, &["name of a thread"]);
    explain(&path, &["long"]).refused(1, &["600 calls"]);
    let ran = explain(&path, &["\u{1b}"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(!ran.out.contains('\u{1b}'), "{}", ran.out);
}
