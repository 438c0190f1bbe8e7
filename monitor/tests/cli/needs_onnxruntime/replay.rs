use std::fs;
use std::process::Stdio;

use monitor::syscall::event::{Abi, Call};

use super::{LOW, MODEL, adfa_file, numbers, of_type, recording, replay, spelled};
use crate::harness::{monitor, run, text};
use crate::schema;

#[test]
#[ignore = "needs onnxruntime"]
fn numbers_names_strace_text_and_a_recording_of_the_same_calls_score_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let adfa = adfa_file(&folder);
    let recorded = folder.path().join("calls.rec");
    recording(&recorded, &numbers());
    let named = |number: &u32| {
        let call = Call {
            abi: Abi::I386,
            number: *number,
        };
        monitor::syscall::table::name(call).expect("in the table")
    };
    let names: Vec<_> = numbers().iter().map(named).collect();
    let listed = folder.path().join("names.txt");
    fs::write(&listed, names.join("\n")).expect("written");
    let traced = folder.path().join("strace.txt");
    let lines: Vec<_> = names
        .iter()
        .map(|name| format!("41 {name}(0) = 0\n"))
        .collect();
    fs::write(&traced, lines.concat()).expect("written");

    let mut means = Vec::new();
    for file in [&adfa, &recorded, &listed, &traced] {
        let ran = replay(&["--format", "json", "--abi", "i386", text(file)]);
        assert_eq!(ran.status, 0, "{}: {}", file.display(), ran.err);
        let lines = ran.lines();
        lines.iter().for_each(schema::check);
        let ends = of_type(&lines, "thread_end");
        assert_eq!(ends.len(), 1, "{}", ran.out);
        assert_eq!(ends[0]["scored"], 60, "{}", ran.out);
        means.push(ends[0]["mean_surprise"].as_f64().expect("scored").to_bits());
    }
    assert!(means.iter().all(|&bits| bits == means[0]), "{means:?}");
}

#[test]
#[ignore = "needs onnxruntime"]
fn the_ends_of_threads_are_left_out_when_nobody_wants_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorded = folder.path().join("calls.rec");
    recording(&recorded, &numbers());
    let judge = ["--threshold", LOW, "--format", "json", text(&recorded)];
    let all = replay(&judge);
    let few = replay(&[&["--no-thread-ends"], &judge[..]].concat());
    assert_eq!((all.status, few.status), (3, 3), "{}{}", all.err, few.err);
    let mut all = all.lines();
    let ends = of_type(&all, "thread_end").len();
    assert_eq!(ends, 1);
    all.retain(|line| line["type"] != "thread_end");
    let kinds = |lines: &[serde_json::Value]| {
        let kinds = lines.iter().map(|line| line["type"].to_string());
        kinds.collect::<Vec<_>>()
    };
    let few = few.lines();
    assert_eq!(kinds(&few), kinds(&all));
    assert!(!of_type(&few, "alarm").is_empty());
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_recording_that_was_cut_is_replayed_up_to_the_cut_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole.rec");
    recording(&whole, &numbers());
    let bytes = fs::read(&whole).expect("readable");
    let cut = folder.path().join("cut.rec");
    fs::write(&cut, &bytes[..bytes.len() - 70]).expect("written");
    let ran = replay(&["--format", "json", text(&cut)]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.err.contains("the recording was cut"), "{}", ran.err);
    let calls = of_type(&ran.lines(), "summary")[0]["calls"].clone();
    assert!(
        (1..60).contains(&calls.as_u64().expect("a number")),
        "{calls}"
    );
}

#[test]
#[ignore = "needs onnxruntime"]
fn what_comes_before_damage_is_told_and_the_damage_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let damaged = folder.path().join("damaged.txt");
    fs::write(&damaged, format!("{} 341", spelled(&numbers()))).expect("written");
    let ran = replay(&["--format", "json", text(&damaged)]);
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("341"), "{}", ran.err);
    assert_eq!(of_type(&ran.lines(), "summary").len(), 1, "{}", ran.out);
}

#[test]
#[ignore = "needs onnxruntime"]
fn files_are_replayed_one_after_the_other_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (
        folder.path().join("one.rec"),
        folder.path().join("other.rec"),
    );
    recording(&one, &numbers());
    recording(&other, &numbers()[..40]);
    let ran = replay(&["--format", "json", text(&one), text(&other)]);
    let ends = of_type(&ran.lines(), "thread_end");
    let told: Vec<_> = ends
        .iter()
        .map(|end| (end["source"].as_str(), end["calls"].as_u64()))
        .collect();
    assert_eq!(
        told,
        [(Some(text(&one)), Some(60)), (Some(text(&other)), Some(40))]
    );
}

#[test]
#[ignore = "needs onnxruntime"]
fn text_is_coloured_only_where_it_is_wanted() {
    let folder = tempfile::tempdir().expect("a folder");
    let adfa = adfa_file(&folder);
    let plain = replay(&["--threshold", LOW, text(&adfa)]);
    assert_eq!(plain.status, 3, "{}", plain.err);
    assert!(
        plain.out.contains("details  monitor explain "),
        "{}",
        plain.out
    );
    assert!(plain.out.contains("expected"), "{}", plain.out);
    assert!(!plain.out.contains('\u{1b}') && !plain.err.contains('\u{1b}'));
    assert!(plain.err.starts_with("Summary after"), "{}", plain.err);
    let painted = replay(&["--threshold", LOW, "--color", "always", text(&adfa)]);
    assert!(painted.out.contains("\u{1b}["));
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_reader_of_verdicts_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let adfa = adfa_file(&folder);
    let mut child = monitor(&["replay", "--model", MODEL, "--format", "json", text(&adfa)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_model_folder_that_is_none_is_wrong_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    let adfa = adfa_file(&folder);
    run(&["replay", "--model", "no-such-model", text(&adfa)])
        .refused(2, &["no-such-model", "manifest.json"]);
    run(&["replay", "--model", text(folder.path()), text(&adfa)]).refused(1, &["manifest.json"]);
}
