//! Inputs that can be read only once.

use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;

use super::{LOW, MODEL, adfa_file, numbers, recording};
use crate::harness::{Ran, monitor, run, text};

/// The ways to give a file's bytes without its name: as standard input by `-` and by its path, and
/// as a named pipe.
const WAYS: [&str; 3] = ["-", "/dev/stdin", "fifo"];

/// Runs the monitor with `arguments` and then the content of `file`, given in one of [`WAYS`].
fn given(way: &str, file: &Path, arguments: &[&str]) -> Ran {
    let fifo = file.with_extension("fifo");
    let by_name = way == "fifo";
    let name = if by_name { text(&fifo) } else { way };
    let bytes = fs::read(file).expect("readable");
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    if by_name {
        let made = Command::new("mkfifo").arg(&fifo).status();
        assert!(made.expect("coreutils").success());
    }
    let mut command = monitor(&[arguments, &[name]].concat());
    let child = command
        .stdin(if by_name {
            Stdio::null()
        } else {
            Stdio::from(OwnedFd::from(reader))
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    // The monitor holds the only other end now.
    drop(command);
    let path = fifo.clone();
    let giver = thread::spawn(move || {
        let written = if by_name {
            File::create(path).and_then(|mut pipe| std::io::Write::write_all(&mut pipe, &bytes))
        } else {
            std::io::Write::write_all(&mut writer, &bytes)
        };
        written.expect("all of it is read");
    });
    let output: Output = child.wait_with_output().expect("it ends");
    giver.join().expect("no panic");
    if by_name {
        fs::remove_file(&fifo).expect("there");
    }
    output.into()
}

/// The lines of JSON without the input's name and what the machine's speed is in.
fn comparable(ran: &Ran) -> Vec<String> {
    let mut lines = ran.lines();
    lines.retain(|line| line["type"] != "summary");
    for line in &mut lines {
        let line = line.as_object_mut().expect("an object");
        line.remove("source");
    }
    lines.iter().map(ToString::to_string).collect()
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_recording_is_replayed_the_same_however_it_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("calls.rec");
    recording(&file, &numbers());
    let replay = ["replay", "--model", MODEL, "--format", "json"];
    let named = run(&[&replay[..], &[text(&file)]].concat());
    assert_eq!(named.status, 0, "{}", named.err);
    for way in WAYS {
        let ran = given(way, &file, &replay);
        assert_eq!(ran.status, 0, "{way}: {}", ran.err);
        assert_eq!(comparable(&ran), comparable(&named), "{way}");
    }
}

#[test]
#[ignore = "needs onnxruntime"]
fn stored_alarms_are_replayed_however_they_are_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let adfa = adfa_file(&folder);
    let replay = ["replay", "--model", MODEL];
    let json = ["--threshold", LOW, "--format", "json"];
    let raised = run(&[&replay[..], &json, &[text(&adfa)]].concat());
    let stored = folder.path().join("alarms.jsonl");
    fs::write(&stored, format!("\u{feff}{}", raised.out)).expect("written");
    let named = run(&[&replay[..], &[text(&stored)]].concat());
    assert_eq!(named.status, 3, "{}", named.err);
    assert!(named.out.contains("the same to the bit"), "{}", named.out);
    for way in WAYS {
        let ran = given(way, &stored, &replay);
        assert_eq!(
            (ran.status, &ran.out),
            (3, &named.out),
            "{way}: {}",
            ran.err
        );
    }
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_recording_is_scored_the_same_however_it_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("calls.rec");
    recording(&file, &numbers());
    let score = ["score", "--model", MODEL];
    let named = run(&[&score[..], &[text(&file)]].concat());
    for way in WAYS {
        let ran = given(way, &file, &score);
        assert_eq!(
            (ran.status, &ran.out),
            (named.status, &named.out),
            "{way}: {}",
            ran.err
        );
    }
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_recording_is_learned_once_however_it_is_given() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("calls.rec");
    recording(&file, &numbers().repeat(20));
    let profile = folder.path().join("service.profile");
    let learn = ["learn", "--model", MODEL, "--profile", text(&profile)];
    let named = run(&[&learn[..], &[text(&file)]].concat());
    assert_eq!(named.status, 0, "{}", named.err);
    let learned = fs::read(&profile).expect("written");
    for way in WAYS {
        // What was learned by its name is known again, and a profile of its own is the same.
        let again = given(way, &file, &[&learn[..], &["--update"]].concat());
        assert!(again.err.contains("learned before"), "{way}: {}", again.err);
        assert_eq!(fs::read(&profile).expect("there"), learned, "{way}");
        let ran = given(way, &file, &[&learn[..], &["--force"]].concat());
        assert_eq!(ran.status, 0, "{way}: {}", ran.err);
        let again = run(&[&learn[..], &["--update", text(&file)]].concat());
        assert!(again.err.contains("learned before"), "{way}: {}", again.err);
        fs::write(&profile, &learned).expect("written");
    }
    let left: Vec<_> = fs::read_dir(folder.path()).expect("readable").collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
#[ignore = "needs onnxruntime"]
fn traces_that_are_equal_are_all_learned_and_each_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("service.profile");
    let traces: Vec<_> = (0..4)
        .map(|it| folder.path().join(format!("trace-{it}.txt")))
        .collect();
    for trace in &traces {
        fs::write(trace, "6 6 63 6 42 6 6 63 6 42 120 6 6 63 6 42 6 6 63 6 42").expect("written");
    }
    let learn = ["learn", "--model", MODEL, "--profile", text(&profile)];
    let all: Vec<_> = traces.iter().map(|it| text(it)).collect();
    let ran = run(&[&learn[..], &all].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(!ran.err.contains("learned before"), "{}", ran.err);
    let (learned, _) = monitor::profile::file::read(&profile).expect("whole");
    assert_eq!(learned.provenance.calls(), 4 * 21);
    let again = run(&[&learn[..], &["--update"], &all].concat());
    assert_eq!(
        again.err.matches("learned before and").count(),
        4,
        "{}",
        again.err
    );
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_folder_of_traces_is_learned() {
    let folder = tempfile::tempdir().expect("a folder");
    let traces = folder.path().join("traces");
    fs::create_dir(&traces).expect("made");
    for place in 0..4 {
        fs::write(
            traces.join(format!("{place}.txt")),
            "6 6 63 5 3 ".repeat(60),
        )
        .expect("written");
    }
    let profile = folder.path().join("service.profile");
    let learn = [
        "learn",
        "--model",
        MODEL,
        "--profile",
        text(&profile),
        "--format",
        "json",
    ];
    let ran = run(&[&learn[..], &[text(&traces)]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    let again = run(&[&learn[..], &["--update", text(&traces)]].concat());
    assert!(again.err.contains("learned before"), "{}", again.err);
}
