use crate::harness::{adfa_ld, run, text};
use crate::schema;

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/default");

#[test]
#[ignore = "needs ADFA-LD"]
fn a_folder_of_traces_is_replayed_whole_and_each_trace_told() {
    let data = adfa_ld();
    let folder = data.join("Attack_Data_Master/Adduser_1");
    let ran = run(&[
        "replay",
        "--model",
        MODEL,
        "--format",
        "json",
        text(&folder),
    ]);
    let lines = ran.lines();
    lines.iter().for_each(schema::check);
    let count = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    let files = std::fs::read_dir(&folder).expect("readable").count();
    assert_eq!(count("thread_end"), files);
    assert_eq!(count("summary"), 1);
    let alarms = count("alarm");
    assert_eq!(ran.status, if alarms > 0 { 3 } else { 0 }, "{}", ran.err);
    let summary = lines.last().expect("not empty");
    assert_eq!(summary["alarms"], alarms);
    assert_eq!(summary["coverage"]["by_name"], summary["calls"]);
}

#[test]
#[ignore = "needs ADFA-LD"]
fn score_and_replay_agree_on_a_real_trace() {
    let data = adfa_ld();
    let trace = data.join("Training_Data_Master/UTD-0001.txt");
    let told = |command: &str, kind: &str| {
        let ran = run(&[command, "--model", MODEL, "--format", "json", text(&trace)]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        let lines = ran.lines();
        let line = lines.iter().find(|line| line["type"] == kind);
        line.expect("one line of the kind").clone()
    };
    let (replayed, scored) = (told("replay", "thread_end"), told("score", "score_trace"));
    assert_eq!(replayed["scored"], 819);
    for field in ["scored", "mean_surprise", "highest_score", "alarms"] {
        assert_eq!(replayed[field], scored[field], "{field}");
    }
}
