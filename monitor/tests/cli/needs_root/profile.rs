//! A service learned live, and watched by what was learned.

use crate::harness::{run, text};

use super::summary;

/// A service of one process: it reads a file, again and again.
const SERVICE: &str = "BEGIN { while (n++ < 4000) { getline line < \"/etc/passwd\"; close(\"/etc/passwd\") } \
                       if (odd) system(\"id > /dev/null\") }";

#[test]
#[ignore = "needs root"]
fn a_command_is_learned_live_and_only_what_it_never_did_raises_an_alarm() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("awk.profile");
    for mode in ["--force", "--update", "--update"] {
        let learned = run(&[
            "learn",
            "--format",
            "json",
            mode,
            "--profile",
            text(&profile),
            "--",
            "awk",
            SERVICE,
        ]);
        assert_eq!(learned.status, 0, "{}", learned.err);
        assert_eq!(learned.lines()[0]["lost"], 0);
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("there").collect();
    assert_eq!(
        left.len(),
        1,
        "no temporary recording stays behind: {left:?}"
    );
    let watch = [
        "--format",
        "json",
        "--budget",
        "10/million",
        "--profile",
        text(&profile),
        "--",
        "awk",
    ];
    let quiet = run(&[&watch[..], &[SERVICE]].concat());
    assert_eq!(summary(&quiet.lines())["alarms"], 0, "{}", quiet.out);
    let loud = run(&[&watch[..], &["-v", "odd=1", SERVICE]].concat());
    let lines = loud.lines();
    assert_ne!(summary(&lines)["alarms"], 0, "{}", loud.out);
    let alarm = lines.iter().find(|line| line["type"] == "alarm");
    let alarm = alarm.expect("counted above");
    assert!(alarm["profile"]["sha256"].is_string(), "{alarm}");
}

#[test]
#[ignore = "needs root"]
fn a_run_without_a_profile_saves_what_it_learned() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("awk.profile");
    let save = [
        "--threshold",
        "100",
        "--fast-threshold",
        "100",
        "--save-profile",
    ];
    let command = ["--", "awk", SERVICE];
    let ran = run(&[&save[..], &[text(&profile)], &command].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.err.contains("learned "), "{}", ran.err);
    let again = run(&[&save[..], &[text(&profile)], &command].concat());
    again.refused(2, &["--save-profile"]);
    let shown = run(&["profile", "show", text(&profile)]);
    assert!(shown.out.contains("process names: awk"), "{}", shown.out);
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("there").collect();
    assert_eq!(left.len(), 1, "{left:?}");
}
