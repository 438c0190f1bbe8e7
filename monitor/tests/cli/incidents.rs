//! `monitor incidents` from outside: it reads a log and keeps notes, and needs neither model nor
//! root.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{Ran, run, text};
use crate::schema;

/// A statement about an incident as a monitor writes it.
pub fn incident(id: &str, state: &str, fingerprint: &str) -> Value {
    json!({
        "schema": 2, "type": "incident", "id": id, "state": state, "changes": [], "service": "web",
        "severity": "high", "headline": "a process of web started a program it never ran: sh",
        "source": null, "time_ns": 2, "time": "2026-01-02T03:04:05Z", "opened_ns": 1,
        "opened": "2026-01-02T03:04:00Z", "last_ns": 2, "alarms": 3, "alike": 1, "first_seen": [],
        "alarm_ids": ["01HF7YAT00A1"], "alarm": "01HF7YAT00A1", "pid": 41, "comm": "sh", "who": null,
        "provisional": false, "fingerprint": fingerprint, "suppressed": null,
        "model": {"name": "default", "sha256": "ab".repeat(32)}, "profile": null,
    })
}

fn log(folder: &Path, lines: &[Value]) -> PathBuf {
    lines.iter().for_each(schema::check);
    let path = folder.join("alarms.jsonl");
    let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&path, lines).expect("written");
    path
}

fn incidents(path: &Path, arguments: &[&str]) -> Ran {
    run(&[&["incidents", "--alarm-log", text(path)], arguments].concat())
}

fn two(folder: &Path) -> PathBuf {
    log(
        folder,
        &[
            incident("01HF7YAT00IA", "opened", "aaaaaaaaaaaaaaaa"),
            incident("01HF7YAT00IB", "opened", "bbbbbbbbbbbbbbbb"),
            incident("01HF7YAT00IA", "closed", "aaaaaaaaaaaaaaaa"),
        ],
    )
}

#[test]
fn each_incident_is_listed_once_as_it_stands() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = two(folder.path());
    for list in [&[][..], &["list"]] {
        let ran = incidents(&path, list);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""));
        let lines: Vec<_> = ran.out.lines().collect();
        assert_eq!(lines.len(), 2, "{}", ran.out);
        assert!(
            lines[0].contains("01HF7YAT00IA  high      closed"),
            "{}",
            ran.out
        );
        assert!(
            lines[1].contains("01HF7YAT00IB  high      open"),
            "{}",
            ran.out
        );
        assert!(lines[1].ends_with("web  a process of web started a program it never ran: sh"));
    }
    let ran = incidents(&path, &["list", "--last", "1", "--format", "json"]);
    assert_eq!(ran.lines()[0]["id"], "01HF7YAT00IB");
    let missing = folder.path().join("none.jsonl");
    incidents(&missing, &[]).refused(1, &["none.jsonl", "--alarm-log"]);
}

#[test]
fn one_is_acknowledged_and_its_like_suppressed_for_a_time_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = two(folder.path());
    let ack = incidents(
        &path,
        &["ack", "01HF7YAT00IA", "--reason", "our\u{1b}[2J test"],
    );
    assert_eq!((ack.status, ack.err.as_str()), (0, ""));
    incidents(&path, &["suppress", "01HF7YAT00IB", "--for", "7d"]).refused(2, &["--reason"]);
    let suppress = [
        "suppress",
        "01HF7YAT00IB",
        "--for",
        "7d",
        "--reason",
        "backup",
    ];
    let ran = incidents(&path, &suppress);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(
        ran.out.contains("logged and not reported until"),
        "{}",
        ran.out
    );
    let list = incidents(&path, &[]).out;
    assert!(list.contains("00IA  high      acknowledged"), "{list}");
    assert!(list.contains("00IB  high      suppressed"), "{list}");
    let shown = incidents(&path, &["show", "01HF7YAT00IA"]).out;
    assert!(shown.contains(": our\\u{1b}[2J test"), "{shown}");
    assert!(shown.contains("monitor explain 01HF7YAT00IA"), "{shown}");
    let shown = incidents(&path, &["show", "01HF7YAT00IB", "--format", "json"]).lines();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[1]["type"], "suppressed");
    assert_eq!(shown[1]["reason"], "backup");
    assert_eq!(incidents(&path, &["unsuppress", "01HF7YAT00IB"]).status, 0);
    let list = incidents(&path, &[]).out;
    assert!(list.contains("00IB  high      open"), "{list}");
}

#[test]
fn what_is_no_incident_or_several_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = two(folder.path());
    incidents(&path, &["ack", "01HF7"]).refused(1, &["several incidents", "00IA", "00IB"]);
    incidents(&path, &["ack", "9"]).refused(1, &["there is no incident 9", "monitor incidents"]);
    assert!(!folder.path().join("alarms.jsonl.notes").exists());
}
