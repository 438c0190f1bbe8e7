//! Learning, judging by what was learned, and the commands on profiles.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use monitor::report::text::grouped;

use super::{MODEL, of_type};
use crate::harness::{Ran, run, text};

/// A service's calls: requests of two kinds, in an order that an xorshift (Marsaglia 2003) chooses.
fn service(calls: usize, seed: u32) -> Vec<&'static str> {
    let mut state = seed;
    let mut names = Vec::new();
    while names.len() < calls {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        names.extend(match state % 3 {
            0 => &[
                "epoll_wait",
                "accept4",
                "read",
                "openat",
                "fstat",
                "sendfile",
                "close",
            ][..],
            1 => &["epoll_wait", "read", "write"][..],
            _ => &["epoll_wait", "read", "writev", "close"][..],
        });
    }
    names
}

fn file(folder: &Path, name: &str, calls: &[&str]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, calls.join("\n")).expect("written");
    path
}

fn learn(arguments: &[&str]) -> Ran {
    run(&[&["learn", "--model", MODEL, "--format", "json"], arguments].concat())
}

fn replay(profile: &Path, trace: &Path) -> Ran {
    let judged = [
        "replay",
        "--model",
        MODEL,
        "--format",
        "json",
        "--budget",
        "0.1/million",
    ];
    run(&[&judged[..], &["--profile", text(profile), text(trace)]].concat())
}

/// Calls in a trace of names.
fn counted(trace: &Path) -> u64 {
    let text = fs::read_to_string(trace).expect("there");
    text.split_whitespace().count() as u64
}

fn alarms(ran: &Ran) -> Vec<Value> {
    of_type(&ran.lines(), "alarm")
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_service_is_learned_watched_and_corrected() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let normal = file(folder.path(), "normal.txt", &service(60_000, 5));
    let profile = at("web.profile");
    let learned = learn(&["--profile", text(&profile), text(&normal)]);
    assert_eq!(learned.status, 0, "{}", learned.err);
    let summary = &learned.lines()[0];
    assert!(summary["calls"].as_u64() >= Some(60_000), "{summary}");
    assert_eq!(summary["settled"], true, "{summary}");
    assert_eq!(summary["different_calls"], 9, "{summary}");

    // Again: refused without a word of what to do with the old one, and nothing new to add.
    let again = learn(&["--profile", text(&profile), text(&normal)]);
    again.refused(2, &["--update", "--force"]);
    let bytes = fs::read(&profile).expect("there");
    let again = learn(&["--profile", text(&profile), "--update", text(&normal)]);
    assert_eq!((again.status, again.out.as_str()), (0, ""), "{}", again.err);
    assert_eq!(fs::read(&profile).expect("there"), bytes);

    // Other requests of the same service are quiet, and what it never does is not.
    let other = file(folder.path(), "other.txt", &service(20_000, 77));
    let quiet = replay(&profile, &other);
    assert_eq!(quiet.status, 0, "{}", quiet.out);
    let mut attacked = service(20_000, 78);
    let odd = [
        "socket", "connect", "dup2", "dup2", "dup2", "execve", "brk", "mmap",
    ];
    attacked.splice(10_000..10_000, odd);
    let attacked = file(folder.path(), "attacked.txt", &attacked);
    let loud = replay(&profile, &attacked);
    assert_eq!(loud.status, 3, "{}", loud.err);
    let alarm = &alarms(&loud)[0];
    let seq = alarm["flight"]["first_seq"].as_u64().expect("a number");
    let last = seq + alarm["flight"]["calls"].as_array().expect("calls").len() as u64;
    assert!((10_001..10_020).contains(&last), "{last}");
    assert!(!alarm["first_seen"].as_array().expect("events").is_empty());

    // The alarm gives its score again, by the same profile alone.
    let log = at("alarms.jsonl");
    fs::write(&log, &loud.out).expect("written");
    let same = replay(&profile, &log);
    assert_eq!(same.status, 3, "{}{}", same.out, same.err);
    let general = run(&["replay", "--model", MODEL, text(&log)]);
    assert_eq!(general.status, 1, "{}", general.out);
    assert!(general.err.contains("--profile"), "{}", general.err);

    // Accepted, all of it is quiet; the rest of the alarms of this trace are accepted one by one.
    for _ in 0..8 {
        let ran = replay(&profile, &attacked);
        let Some(alarm) = alarms(&ran).into_iter().next() else {
            break;
        };
        fs::write(&log, &ran.out).expect("written");
        let id = alarm["id"].as_str().expect("text");
        let accepted = run(&[
            "profile",
            "accept",
            id,
            "--profile",
            text(&profile),
            "--alarm-log",
            text(&log),
        ]);
        assert_eq!(accepted.status, 0, "{}", accepted.err);
        assert!(!accepted.out.contains(" 0 sequences"), "{}", accepted.out);
    }
    assert_eq!(replay(&profile, &attacked).status, 0);
}

#[test]
#[ignore = "needs onnxruntime"]
fn an_incident_is_accepted_by_its_id_alone_and_the_acceptance_undone() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let normal = file(folder.path(), "normal.txt", &service(20_000, 5));
    let profile = at("web.profile");
    assert_eq!(
        learn(&["--profile", text(&profile), text(&normal)]).status,
        0
    );
    let before = fs::read(&profile).expect("there");
    let mut attacked = service(5_000, 78);
    attacked.splice(2_000..2_000, ["ptrace", "mount", "read", "ptrace"]);
    let attacked = file(folder.path(), "attacked.txt", &attacked);
    let loud = replay(&profile, &attacked);
    assert_eq!(loud.status, 3, "{}", loud.err);
    let log = at("alarms.jsonl");
    fs::write(&log, &loud.out).expect("written");
    let incidents = of_type(&loud.lines(), "incident");
    let id = incidents[0]["id"].as_str().expect("text");
    let kept = ["--model", MODEL, "--alarm-log", text(&log)];
    let log_only = ["--alarm-log", text(&log)];

    // Its alarms give their scores again by the profile that they name.
    let again = run(&[&["replay", id], &kept[..]].concat());
    assert_eq!(again.status, 3, "{}{}", again.out, again.err);
    assert!(again.out.contains("the same to the bit"), "{}", again.out);

    let accept = ["profile", "accept", id, "--reason", "a new release"];
    let accepted = run(&[&accept[..], &log_only].concat());
    assert_eq!(accepted.status, 0, "{}", accepted.err);
    assert!(
        accepted.out.contains("calls      ptrace, mount"),
        "{}",
        accepted.out
    );
    assert_eq!(replay(&profile, &attacked).status, 0, "all of it is quiet");
    let shown = run(&["profile", "show", text(&profile)]);
    assert!(shown.out.contains("(a new release)"), "{}", shown.out);
    // What changed is the acceptance and what came with it, which nobody ever counted.
    let earlier = at(&format!("web.profile.before-{id}"));
    let differ = run(&["profile", "diff", text(&earlier), text(&profile)]);
    assert_eq!((differ.status, differ.err.as_str()), (0, ""));
    assert!(!differ.out.contains(" 0 times"), "{}", differ.out);
    for line in [
        "only in the second: call ptrace, accepted with an alarm",
        "only in the second: call mount, accepted with an alarm",
        "only in the second: the acceptance of alarm ",
    ] {
        assert!(differ.out.contains(line), "{line} in {}", differ.out);
    }
    assert!(!differ.out.contains("only in the first"), "{}", differ.out);
    // Nothing is left to accept.
    let twice = run(&[&accept[..], &log_only].concat());
    assert!(twice.out.contains("0 sequences are new"), "{}", twice.out);

    // What was raised before still gives its score, by the profile as it was.
    let again = run(&[&["replay", id], &kept[..]].concat());
    assert_eq!(again.status, 3, "{}{}", again.out, again.err);

    let undone = run(&[&["profile", "unaccept", id], &log_only[..]].concat());
    assert_eq!(undone.status, 0, "{}", undone.err);
    assert_eq!(fs::read(&profile).expect("there"), before);
    assert_eq!(replay(&profile, &attacked).status, 3);
    run(&[&["profile", "unaccept", id], &log_only[..]].concat()).refused(1, &["has not accepted"]);
}

#[test]
#[ignore = "needs onnxruntime"]
fn what_was_accepted_later_stays_when_an_earlier_acceptance_is_undone() {
    let folder = tempfile::tempdir().expect("a folder");
    let normal = file(folder.path(), "normal.txt", &service(20_000, 5));
    let profile = folder.path().join("web.profile");
    assert_eq!(
        learn(&["--profile", text(&profile), text(&normal)]).status,
        0
    );
    let attack = |name: &str, call: &'static str| {
        let mut calls = service(5_000, 78);
        calls.splice(2_000..2_000, [call]);
        file(folder.path(), name, &calls)
    };
    let attacks = [attack("a.txt", "ptrace"), attack("b.txt", "mount")];
    let mut lines = String::new();
    let mut ids = Vec::new();
    for attack in &attacks {
        let ran = replay(&profile, attack);
        ids.push(of_type(&ran.lines(), "incident")[0]["id"].clone());
        lines.push_str(&ran.out);
    }
    let log = folder.path().join("alarms.jsonl");
    fs::write(&log, lines).expect("written");
    let change = |what: &str, id: &Value| {
        let id = id.as_str().expect("text");
        let ran = run(&["profile", what, id, "--alarm-log", text(&log)]);
        assert_eq!(ran.status, 0, "{}", ran.err);
    };
    ids.iter().for_each(|id| change("accept", id));
    change("unaccept", &ids[0]);
    assert_eq!(replay(&profile, &attacks[0]).status, 3);
    assert_eq!(replay(&profile, &attacks[1]).status, 0);
}

#[test]
#[ignore = "needs onnxruntime"]
fn profiles_are_shown_merged_and_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let one = file(folder.path(), "one.txt", &service(5_000, 5));
    let mut calls = service(5_000, 9);
    calls.extend(["getrandom"; 3]);
    let two = file(folder.path(), "two.txt", &calls);
    for (name, trace) in [("one", &one), ("two", &two)] {
        let ran = learn(&["--profile", text(&at(name)), text(trace)]);
        assert_eq!(ran.status, 0, "{}", ran.err);
    }
    let merged = at("both");
    let ran = run(&[
        "profile",
        "merge",
        "--output",
        text(&merged),
        text(&at("one")),
        text(&at("two")),
    ]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let came = format!(
        "merged 2 profiles into {}: {} calls of 2 threads, 10 different calls, ",
        text(&merged),
        grouped(counted(&one) + counted(&two))
    );
    assert!(ran.out.starts_with(&came), "{came} in {}", ran.out);
    assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
    let twice = run(&[
        "profile",
        "merge",
        "--output",
        text(&at("x")),
        text(&at("one")),
        text(&merged),
    ]);
    twice.refused(1, &["twice", "--update"]);
    assert!(!at("x").exists());

    let shown = run(&["profile", "show", "--format", "json", text(&merged)]);
    let shown = &shown.lines()[0];
    assert_eq!(
        shown["origins"].as_array().map(Vec::len),
        Some(2),
        "{shown}"
    );
    assert_eq!(shown["calls"].as_array().map(Vec::len), Some(10), "{shown}");
    let seccomp = run(&["profile", "show", "--seccomp", text(&merged)]);
    let seccomp: Value = serde_json::from_str(&seccomp.out).expect("JSON");
    let names = seccomp["syscalls"][0]["names"].as_array().expect("names");
    assert!(names.contains(&"getrandom".into()), "{seccomp}");
    let differ = run(&["profile", "diff", text(&at("one")), text(&at("two"))]);
    let only = "only in the second: call getrandom, made 3 times";
    assert!(differ.out.contains(only), "{}", differ.out);

    // Cut, or of another making: refused by name.
    let bytes = fs::read(&merged).expect("there");
    let cut = at("cut");
    fs::write(&cut, &bytes[..bytes.len() - 9]).expect("written");
    run(&["profile", "show", text(&cut)]).refused(1, &["cut", "9 bytes"]);
    run(&["profile", "show", text(&one)]).refused(1, &["one.txt"]);
}
