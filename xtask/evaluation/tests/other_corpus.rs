//! An evaluation on another corpus than the one that the models were fitted to.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models/default");

/// What every report of such an evaluation says.
const MARK: &str = "fitted to another corpus than this one";

fn evaluate(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask-evaluation"))
        .arg("evaluate")
        .args(arguments)
        .output()
        .expect("it starts")
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn such_an_evaluation_is_no_models_own_and_is_offered_by_name() {
    let output = evaluate(&[
        "--model",
        MODEL,
        "--data",
        "x",
        "--other-corpus",
        "--record",
    ]);
    assert_eq!(output.status.code(), Some(2), "{}", err(&output));
    for option in ["--other-corpus", "--record"] {
        assert!(err(&output).contains(option), "{}", err(&output));
    }
    let help = evaluate(&["--help"]);
    let help = String::from_utf8(help.stdout).expect("text");
    assert!(help.contains("--other-corpus"), "{help}");
}

/// A corpus in ADFA-LD's layout that no model was fitted to.
fn corpus(folder: &Path) {
    let trace = |name: &str, calls: &[u16], times: usize| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        let words: Vec<_> = calls.repeat(times).iter().map(u16::to_string).collect();
        fs::write(path, words.join(" ")).expect("written");
    };
    for number in 0..6 {
        let times = 20 + number;
        trace(
            &format!("Training_Data_Master/t{number}.txt"),
            &[5, 197, 3, 3, 6],
            times,
        );
        trace(
            &format!("Validation_Data_Master/v{number}.txt"),
            &[5, 197, 3, 6],
            times,
        );
        let attack = format!(
            "Attack_Data_Master/Adduser_{}/a{number}.txt",
            1 + number % 3
        );
        trace(&attack, &[5, 26, 11, 102, 63], times);
    }
}

mod needs_onnxruntime {
    use super::{MARK, MODEL, corpus, err, evaluate};
    use std::fs;

    #[test]
    #[ignore = "needs onnxruntime"]
    fn it_is_refused_unless_it_is_asked_for_and_marked_wherever_it_is_reported() {
        let folder = tempfile::tempdir().expect("a folder");
        let (data, out) = (folder.path().join("data"), folder.path().join("out"));
        corpus(&data);
        let text = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
        let (data, to) = (text(&data), text(&out));
        let plain = [
            "--model", MODEL, "--data", &data, "--out", &to, "--draws", "100",
        ];
        let refused = evaluate(&plain);
        assert_eq!(refused.status.code(), Some(1), "{}", err(&refused));
        for words in [
            "was fitted to another corpus",
            "--other-corpus evaluates it",
        ] {
            assert!(err(&refused).contains(words), "{}", err(&refused));
        }
        assert!(!out.exists(), "nothing is reported");

        let asked = evaluate(&[&plain[..], &["--other-corpus"]].concat());
        assert_eq!(asked.status.code(), Some(0), "{}", err(&asked));
        let said = String::from_utf8(asked.stdout).expect("text");
        let first = said.lines().next().unwrap_or_default();
        assert!(first.contains(MARK), "{said}");
        let page = fs::read_to_string(out.join("report.html")).expect("written");
        assert!(page.contains(MARK));
        let json = fs::read_to_string(out.join("evaluation.json")).expect("written");
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["data"]["other_corpus"], true);
        let command = json["made_by"]["command"].as_str().expect("text");
        assert!(command.contains(" --other-corpus"), "{command}");
        // Of another corpus it is not known what a model has not seen.
        assert_eq!(json["mixtures"], serde_json::json!([]));
    }
}
