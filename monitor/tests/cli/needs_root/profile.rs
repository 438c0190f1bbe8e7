//! A service learned live, and watched by what was learned.

use crate::harness::{Ran, run, text};
use crate::traced::traced;

use super::summary;
use super::targets::sleeper;

/// A service of one process: it reads a file, again and again.
const SERVICE: &str = "BEGIN { while (n++ < 4000) { getline line < \"/etc/passwd\"; \
                       close(\"/etc/passwd\") } if (odd) system(\"id > /dev/null\") }";

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

/// The lowest address of a process's stack, which is in use by nobody.
fn stack(pid: &str) -> String {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("it runs");
    let line = maps.lines().find(|line| line.ends_with("[stack]"));
    let (address, _) = line.expect("a stack").split_once('-').expect("a range");
    let address = u64::from_str_radix(address, 16).expect("hexadecimal");
    address.to_string()
}

#[test]
#[ignore = "needs root"]
fn a_watched_process_that_reaches_into_an_unwatched_one_is_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("traced.profile");
    let program = traced();
    for mode in ["--force", "--update", "--update"] {
        let learn = ["learn", mode, "--profile", text(&profile), "--"];
        let learned = run(&[&learn[..], &[text(&program), "getppid", "4000"]].concat());
        assert_eq!(learned.status, 0, "{}", learned.err);
    }
    let watch = |words: &[&str]| -> Ran {
        let options = [
            "--no-alarm-log",
            "--format",
            "json",
            "--budget",
            "10/million",
            "--profile",
            text(&profile),
            "--",
            text(&program),
        ];
        run(&[&options[..], words].concat())
    };
    let calm = watch(&["getppid", "4000"]);
    assert_eq!(summary(&calm.lines())["alarms"], 0, "{}", calm.out);
    let sleeper = sleeper();
    let pid = sleeper.pid();
    let address = stack(&pid);
    for (words, detail, said) in [
        (&["attach", &pid][..], "ptrace:16", "traced another process"),
        (
            &["write-memory", &pid, &address],
            "foreign-memory:1",
            "wrote another process's memory",
        ),
    ] {
        let ran = watch(words);
        assert_eq!(ran.status, 0, "the command's own: {}", ran.err);
        let lines = ran.lines();
        let of = |kind: &'static str| lines.iter().filter(move |line| line["type"] == kind);
        let new: Vec<_> = of("alarm")
            .filter_map(|alarm| alarm["first_seen"].as_array())
            .flatten()
            .collect();
        let touch = new.iter().find(|it| it["detail"] == detail);
        let touch = touch.unwrap_or_else(|| panic!("no {detail}: {new:#?}"));
        assert_eq!(touch["kind"], "touch");
        assert!(touch["technique"].is_string(), "{touch}");
        let headlines: Vec<_> = of("incident").map(|it| &it["headline"]).collect();
        let is_said = |it: &&&serde_json::Value| it.as_str().is_some_and(|it| it.contains(said));
        assert!(headlines.iter().any(|it| is_said(&it)), "{headlines:?}");
    }
}
