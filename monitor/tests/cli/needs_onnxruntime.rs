use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, Stretch, ThreadKey};
use monitor::trace::recording::{Header, RecordingWriter};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Ran, monitor, parse, run, run_with_input, text};
use crate::schema;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/default");

/// A threshold that every sequence crosses as soon as a verdict is allowed.
const LOW: &str = "0.000001";

/// Numbers of the i386 table: 60 calls, more than the least for a verdict.
fn numbers() -> Vec<u32> {
    [5, 3, 197, 192, 3, 6, 91, 45, 4, 26].repeat(6)
}

fn replay(arguments: &[&str]) -> Ran {
    run(&[&["replay", "--model", MODEL], arguments].concat())
}

fn score(arguments: &[&str], input: &str) -> Ran {
    run_with_input(&[&["score", "--model", MODEL], arguments].concat(), input)
}

fn spelled(numbers: &[u32]) -> String {
    let words: Vec<_> = numbers.iter().map(u32::to_string).collect();
    words.join(" ")
}

fn adfa_file(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("trace.txt");
    fs::write(&path, spelled(&numbers())).expect("written");
    path
}

/// A recording of `numbers` as the calls of one i386 thread, in stretches of 7.
fn recording(path: &Path, numbers: &[u32]) {
    let header = Header {
        started_unix_ns: 1_000_000_000,
        started_monotonic_ns: 5_000,
        native: Abi::X86_64,
        kernel: "6.1.0".into(),
        targets: "pid 40".into(),
    };
    let file = fs::File::create(path).expect("created");
    let mut writer = RecordingWriter::new(file, &header).expect("written");
    let event = |time_ns, kind| Event {
        thread: ThreadKey {
            tgid: 40,
            tid: 41,
            start_ns: 7,
        },
        comm: Comm::new(b"evil\x1b[2J"),
        time_ns,
        kind,
    };
    for (place, calls) in numbers.chunks(7).enumerate() {
        let time_ns = 5_000 + place as u64;
        let stretch = Stretch {
            first_seq: place as u64 * 7,
            last_ns: time_ns,
            calls: calls
                .iter()
                .map(|&number| Call {
                    abi: Abi::I386,
                    number,
                })
                .collect(),
        };
        let event = event(time_ns, EventKind::Calls(stretch));
        writer.event(&event).expect("written");
    }
    let count = numbers.len() as u64;
    writer
        .event(&event(9_000, EventKind::Exit { count }))
        .expect("written");
    writer.finish(10_000).expect("written");
}

fn of_type(lines: &[Value], kind: &str) -> Vec<Value> {
    let found = lines.iter().filter(|line| line["type"] == kind);
    found.cloned().collect()
}

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
fn a_stored_alarm_gives_its_score_again_to_the_bit() {
    let folder = tempfile::tempdir().expect("a folder");
    let recorded = folder.path().join("calls.rec");
    recording(&recorded, &numbers());
    let log = folder.path().join("alarms.jsonl");
    let stored = folder.path().join("all.jsonl");
    let ran = replay(&[
        "--threshold",
        LOW,
        "--alarm-log",
        text(&log),
        "--format",
        "json",
        "--output",
        text(&stored),
        text(&recorded),
    ]);
    assert_eq!(ran.status, 3, "{}", ran.err);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("alarms    1"), "{}", ran.err);

    let lines = parse(&fs::read_to_string(&stored).expect("written"));
    lines.iter().for_each(schema::check);
    let alarm = &of_type(&lines, "alarm")[0];
    assert_eq!(alarm["comm"], "evil\\x1b[2J");
    assert_eq!(alarm["pid"], 40);
    assert_eq!(alarm["tid"], 41);
    assert!(
        alarm["time"]
            .as_str()
            .expect("known")
            .starts_with("1970-01-01T00:00:01")
    );
    assert_eq!(
        parse(&fs::read_to_string(&log).expect("written")),
        [alarm.clone()]
    );

    for file in [&log, &stored] {
        let again = replay(&[text(file)]);
        assert_eq!(again.status, 3, "{}", again.err);
        assert!(again.out.contains("the same to the bit"), "{}", again.out);
        assert_eq!(again.err, "");
    }
}

#[test]
#[ignore = "needs onnxruntime"]
fn an_alarm_that_was_changed_or_is_another_models_is_found_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let adfa = adfa_file(&folder);
    let ran = replay(&["--threshold", LOW, "--format", "json", text(&adfa)]);
    assert_eq!(ran.status, 3, "{}", ran.err);
    let alarm = of_type(&ran.lines(), "alarm").remove(0);
    let file = folder.path().join("alarms.jsonl");
    let replayed = |alarm: &Value| {
        fs::write(&file, format!("{alarm}\n")).expect("written");
        replay(&[text(&file)])
    };

    let mut changed = alarm.clone();
    changed["flight"]["calls"][20] = serde_json::json!(["i386", 11, "execve"]);
    let ran = replayed(&changed);
    assert_eq!(ran.status, 1, "{}", ran.out);
    assert!(ran.out.contains("was stored"), "{}", ran.out);
    assert!(
        ran.err.contains("did not give their score again"),
        "{}",
        ran.err
    );

    let mut foreign = alarm.clone();
    foreign["model"]["sha256"] = "0".repeat(64).into();
    let ran = replayed(&foreign);
    assert_eq!(ran.status, 1, "{}", ran.out);
    assert!(ran.err.contains("--model"), "{}", ran.err);

    let mut newer = alarm;
    newer["schema"] = 2.into();
    replayed(&newer).refused(1, &["alarms.jsonl, line 1", "schema 2"]);
    fs::write(&file, "{\"schema\":1,\"type\":\"alarm\"\n").expect("written");
    replay(&[text(&file)]).refused(1, &["alarms.jsonl, line 1"]);
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
    assert!(plain.out.contains("ALARM"), "{}", plain.out);
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
fn score_tells_of_every_call_its_surprise_and_what_was_likelier() {
    let ran = score(&["--format", "json", "-"], &spelled(&numbers()));
    assert_eq!(ran.status, 0, "{}", ran.err);
    let lines = ran.lines();
    lines.iter().for_each(schema::check);
    let calls = of_type(&lines, "score_call");
    assert_eq!(calls.len(), 60);
    for (seq, call) in calls.iter().enumerate() {
        assert_eq!(call["seq"], seq);
        let expected = call["expected"].as_array().expect("a list");
        assert_eq!(expected.len(), 3);
        assert!(expected.iter().all(|one| one["index"] != call["index"]));
    }
    assert_eq!(calls[0]["name"], "open");
    let surprise = |call: &Value| call["surprise"].as_f64().expect("scored");
    let mean = calls.iter().map(surprise).sum::<f64>() / 60.0;
    let whole = &of_type(&lines, "score_trace")[0];
    let told = whole["mean_surprise"].as_f64().expect("scored");
    assert!((told - mean).abs() < 1e-6, "{told} and {mean}");
    assert_eq!(whole["verdict"], "normal");
}

#[test]
#[ignore = "needs onnxruntime"]
fn score_judges_by_the_same_thresholds_as_a_run_and_not_on_a_few_calls() {
    let crossed = score(&["--threshold", LOW, "-"], &spelled(&numbers()));
    assert_eq!(crossed.status, 3, "{}", crossed.err);
    assert!(crossed.out.contains("verdict: alarm"), "{}", crossed.out);
    let short = score(&["--threshold", LOW, "-"], "open read close");
    assert_eq!(short.status, 0, "{}", short.err);
    assert!(short.out.contains("too short to judge"), "{}", short.out);
    assert!(short.out.contains("close"), "{}", short.out);
}

#[test]
#[ignore = "needs onnxruntime"]
fn score_says_which_names_no_table_has() {
    let ran = score(&["-"], "open read no_such_call close");
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.err.contains("no_such_call"), "{}", ran.err);
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_plot_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let plot = folder.path().join("surprise.svg");
    let ran = score(&["--plot", text(&plot), "-"], &spelled(&numbers()));
    assert_eq!(ran.status, 0, "{}", ran.err);
    let svg = fs::read_to_string(&plot).expect("written");
    assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
    assert!(svg.contains("threshold") && svg.matches("<polyline").count() >= 3);
    let nowhere = folder.path().join("no-such-folder").join("surprise.svg");
    let ran = score(&["--plot", text(&nowhere), "-"], &spelled(&numbers()));
    assert_eq!(ran.status, 1);
    assert!(ran.err.contains("no-such-folder"), "{}", ran.err);
    let left: Vec<_> = fs::read_dir(&folder).expect("readable").collect();
    assert_eq!(left.len(), 1, "{left:?}");
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
