use std::fs;

use serde_json::Value;

use super::{LOW, numbers, of_type, score, spelled};
use crate::harness::text;
use crate::schema;

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
