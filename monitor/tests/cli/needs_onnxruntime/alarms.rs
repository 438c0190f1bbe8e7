use std::fs;

use serde_json::Value;

use super::{LOW, adfa_file, numbers, of_type, recording, replay};
use crate::harness::{parse, run, text};
use crate::schema;

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
    let kept = parse(&fs::read_to_string(&log).expect("written"));
    assert_eq!(of_type(&kept, "alarm")[0], *alarm);
    let aftermath = of_type(&kept, "aftermath");
    assert_eq!(aftermath, of_type(&lines, "aftermath"));
    assert_eq!(aftermath[0]["alarm"], alarm["id"]);
    assert_eq!(of_type(&kept, "incident")[0]["alarm"], alarm["id"]);
    let id = alarm["id"].as_str().expect("an id");
    let explained = run(&["explain", "--alarm-log", text(&log), id]);
    assert_eq!(explained.status, 0, "{}", explained.err);
    assert!(
        explained.out.contains("then the thread ended"),
        "{}",
        explained.out
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
    newer["schema"] = 3.into();
    replayed(&newer).refused(1, &["alarms.jsonl, line 1", "schema 3"]);
    fs::write(&file, "{\"schema\":1,\"type\":\"alarm\"\n").expect("written");
    replay(&[text(&file)]).refused(1, &["alarms.jsonl, line 1"]);
}
