use std::fs;
use std::process::Stdio;

use crate::harness::{monitor, run, run_with_input, text};

#[test]
fn without_a_target_the_choices_are_named() {
    run(&[]).refused(
        2,
        &[
            "--pid",
            "--comm",
            "--uid",
            "--cgroup",
            "--all",
            "-- COMMAND",
        ],
    );
    run(&["record", "--output", "never-written.rec"]).refused(2, &["--pid", "-- COMMAND"]);
}

#[test]
fn targets_that_exclude_each_other_are_named() {
    run(&["--pid", "1", "--all"]).refused(2, &["--pid and --all"]);
    run(&["--uid", "0", "--", "true"]).refused(2, &["--uid and -- COMMAND"]);
}

#[test]
fn values_that_make_no_sense_are_refused_before_anything_happens() {
    run(&["--pid", "0"]).refused(2, &["--pid"]);
    run(&["--pid", "self"]).refused(2, &["--pid"]);
    run(&["--uid", "no-such-user"]).refused(2, &["no-such-user", "number"]);
    run(&["--all", "--for", "soon"]).refused(2, &["--for"]);
    run(&["--all", "--ring-size", "5000"]).refused(2, &["--ring-size", "power of two"]);
    run(&["--all", "--threshold", "nan"]).refused(2, &["--threshold", "nats"]);
    run(&["--all", "--format", "xml"]).refused(2, &["--format", "json"]);
    run(&["--all", "--budget", "1/day"]).refused(2, &["--budget 1/day needs --profile"]);
    run(&["--all", "--log-level", "loud"]).refused(2, &["--log-level"]);
}

#[test]
fn an_argument_that_would_steer_the_terminal_is_escaped() {
    let ran = run(&["--format", "\u{1b}[2Jx"]);
    ran.refused(2, &["--format"]);
    assert!(!ran.err.contains('\u{1b}'));
}

#[test]
fn a_required_argument_that_is_missing_is_named() {
    run(&["record", "--all"]).refused(2, &["--output"]);
    run(&["replay"]).refused(2, &["FILE"]);
    run(&["score"]).refused(2, &["FILE"]);
}

#[test]
fn options_of_the_live_run_do_not_stand_before_a_command() {
    run(&["--pid", "1", "syscalls"]).refused(2, &["--pid", "syscalls"]);
}

#[test]
fn help_and_version_go_to_standard_output() {
    for argument in ["--help", "--version"] {
        let ran = run(&[argument]);
        assert_eq!(ran.status, 0);
        assert!(ran.out.contains("monitor"));
        assert_eq!(ran.err, "");
    }
    let help = run(&["--help"]).out;
    assert!(help.contains("Exit status: 0 no alarm, 3 at least one alarm"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    run(&["replay", "no-such-file"]).refused(1, &["no-such-file"]);
    run(&["score", "no-such-file"]).refused(1, &["no-such-file"]);
}

#[test]
fn what_is_no_trace_is_refused_with_what_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let binary = folder.path().join("binary");
    fs::write(&binary, b"\x7fELF\0\0\0\0").expect("written");
    run(&["score", text(&binary)]).refused(1, &["binary", "recording"]);
    run_with_input(&["score", "-"], "").refused(1, &["standard input", "empty"]);
}

#[test]
fn a_model_folder_or_a_library_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let trace = folder.path().join("trace.txt");
    fs::write(&trace, "6 6 63 6").expect("written");
    let library = folder.path().join("libmissing.so");
    let arguments = ["score", text(&trace), "--onnxruntime", text(&library)];
    run(&arguments).refused(1, &["libmissing.so"]);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = monitor(&["syscalls"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[cfg(not(feature = "live"))]
#[test]
fn a_build_that_cannot_watch_says_how_to_get_one_that_can() {
    run(&["--all"]).refused(1, &["feature `live`", "cargo xtask run"]);
}
