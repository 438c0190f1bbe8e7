use std::fs;

use crate::harness::{Ran, run};

fn config(words: &[&str], text: &str) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("monitor.toml");
    fs::write(&path, text).expect("written");
    let path = path.to_str().expect("text");
    let words = ["config"].iter().chain(words).copied();
    run(&words.chain(["--config", path]).collect::<Vec<_>>())
}

#[test]
fn a_wrong_configuration_is_told_once_with_the_remedy() {
    let ran = config(&["check"], "[judging]\nbugdet = \"1/day\"\n");
    ran.refused(
        2,
        &["monitor.toml:2: there is no judging.bugdet: is budget meant?"],
    );
}

#[test]
fn every_value_is_shown_with_its_origin() {
    let ran = config(&["show"], "[judging]\nbudget = \"1/week\"\n");
    assert_eq!(ran.status, 0);
    let line = |key: &str| {
        ran.out
            .lines()
            .find(|line| line.starts_with(key))
            .expect("a line")
    };
    assert!(line("judging.budget = \"1/week\"").contains("monitor.toml:2"));
    assert!(line("judging.cpu = \"25%\"").ends_with("# default"));
}

#[test]
fn the_schema_knows_every_section() {
    let schema: serde_json::Value =
        serde_json::from_str(&run(&["config", "schema"]).out).expect("JSON");
    for section in [
        "discovery",
        "learning",
        "judging",
        "service",
        "alarms",
        "output",
    ] {
        assert!(schema["properties"][section].is_object(), "{section}");
    }
}
