//! The alarm log that a live run keeps by itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Ran, monitor, parse, text};
use crate::schema;

#[test]
#[ignore = "needs root"]
fn a_live_run_keeps_its_alarms_and_explain_shows_them_with_their_lineage() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("state/alarms.jsonl");
    let run = |arguments: &[&str]| -> Ran {
        let mut command = monitor(arguments);
        command.env("MONITOR_ALARM_LOG", &log);
        command.output().expect("starts").into()
    };
    let script = [
        "--threshold",
        "0.5",
        "--",
        "sh",
        "-c",
        "ls / >/dev/null; true",
    ];
    let ran = run(&[&["--no-alarm-log"], &script[..]].concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(!log.exists());

    let ran = run(&script);
    assert_eq!(ran.status, 0, "{}", ran.err);
    let mode = fs::metadata(&log).expect("kept").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let lines = parse(&fs::read_to_string(&log).expect("kept"));
    lines.iter().for_each(schema::check);
    let of_ls = lines
        .iter()
        .find(|line| line["type"] == "alarm" && line["comm"] == "ls");
    let alarm = of_ls.expect("an alarm of ls");
    let names: Vec<_> = alarm["lineage"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|kin| kin["comm"].as_str())
        .collect();
    assert_eq!(names, [Some("sh"), Some("ls")]);

    let ran = run(&["explain", alarm["id"].as_str().expect("an id")]);
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.contains("  processes sh ("), "{}", ran.out);
    assert!(ran.out.contains("After it, "), "{}", ran.out);

    let open = folder.path().join("open");
    fs::create_dir(&open).expect("made");
    fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).expect("ours");
    let ran: Ran = monitor(&["--", "true"])
        .env("MONITOR_ALARM_LOG", text(&open.join("alarms.jsonl")))
        .output()
        .expect("starts")
        .into();
    assert_eq!(ran.status, 0, "{}", ran.err);
    let first = ran.err.lines().next().expect("a warning");
    assert!(first.contains("can be written by other users"), "{first}");
}
