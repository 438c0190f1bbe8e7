use super::*;
use crate::bootstrap::Interval;
use crate::json::{
    Data, Difference, FORMAT, Family, Intervals, MadeBy, Method, ModelFacts, NextCall, Notebook,
    OperatingPoint, Part, Seeds, ViewFacts, published,
};
use crate::roc::Ranking;

const HOSTILE: &str = "<script src=\"https://evil\">\u{1b}[2J";

fn interval() -> Interval {
    Interval {
        low: 0.5,
        high: 0.75,
    }
}

/// An evaluation in which every name that somebody else chose is hostile.
fn evaluation() -> Evaluation {
    let part = Part {
        traces: 2,
        repeats: 1,
        calls: 30,
    };
    let detection = Detection {
        view: "all".to_owned(),
        auc: 0.625,
        auc_intervals: Intervals {
            by_trace: interval(),
            by_run: interval(),
        },
        detection: vec![OperatingPoint {
            false_alarms: 0.05,
            rate: 0.25,
            interval: interval(),
        }],
        false_alarms_at_90: 0.5,
        false_alarms_at_90_interval: interval(),
    };
    let family = Family {
        family: HOSTILE.to_owned(),
        runs: 1,
        traces: 2,
        auc: 0.5,
        auc_interval: interval(),
        rate_at_10: 0.5,
        runs_at_10: 1.0,
    };
    Evaluation {
        format: FORMAT,
        made_by: MadeBy {
            command: format!("cargo xtask evaluate --model {HOSTILE}"),
            git_revision: "0".to_owned(),
            bootstrap_seed: 1,
            replicates: 100,
        },
        data: Data {
            sha256: "0".to_owned(),
            training: part,
            validation: part,
            attacks: part,
            runs: 1,
            validation_in_training: 1,
            other_corpus: true,
        },
        models: vec![ModelFacts {
            method: "m".to_owned(),
            name: HOSTILE.to_owned(),
            kind: "window".to_owned(),
            sha256: HOSTILE.to_owned(),
            seed: 1,
            parameters: 5,
        }],
        views: vec![ViewFacts {
            id: "all".to_owned(),
            what: "every trace".to_owned(),
            normal: 2,
            attacks: 2,
        }],
        methods: vec![Method {
            id: "m".to_owned(),
            label: HOSTILE.to_owned(),
            score: HOSTILE.to_owned(),
            unscored: 0,
            views: vec![detection],
            families: vec![family],
        }],
        seeds: Some(Seeds {
            methods: vec!["m".to_owned()],
            mean: 0.625,
            deviation: 0.125,
            lowest: 0.5,
            highest: 0.75,
        }),
        differences: vec![Difference {
            method: "m".to_owned(),
            less: HOSTILE.to_owned(),
            auc: 0.125,
            intervals: Intervals {
                by_trace: interval(),
                by_run: interval(),
            },
            inside: false,
        }],
        mixtures: vec![],
        next_call: vec![NextCall {
            method: HOSTILE.to_owned(),
            calls: 20,
            nats: 1.5,
            accuracy: None,
        }],
        notebook: Some(Notebook {
            windows: 20,
            loss: 2.0,
            accuracy: 0.5,
            published_loss: 2.64,
            published_accuracy: 0.37,
        }),
        published: published(),
    }
}

fn shown() -> String {
    let (normal, attacks) = (vec![1.0, 2.0], vec![1.5, 3.0]);
    let material = Material {
        curves: vec![Ranking::new(&normal, &attacks).curve()],
        normal,
        attacks,
        threshold: 1.0,
        exhibits: vec![Exhibit {
            why: "why",
            name: HOSTILE.to_owned(),
            score: 2.0,
            calls: vec![3, 5, 6],
            surprise: vec![1.0, 4.0, 1.0],
        }],
    };
    page(&evaluation(), &material).expect("it can be drawn")
}

#[test]
fn a_name_that_somebody_else_chose_stays_text() {
    let page = shown();
    assert!(!page.contains("<script"));
    assert!(!page.contains('\u{1b}'));
    assert!(
        page.matches("&lt;script").count() >= 6,
        "the name is shown where it belongs"
    );
}

#[test]
fn the_page_needs_nothing_beside_itself() {
    let page = shown().replace("http://www.w3.org/2000/svg", "");
    for outside in [
        "src=\"", "href=\"", "url(", "@import", "http://", "<link", "<iframe",
    ] {
        let found = page.replace("&lt;script src=&quot;https://evil&quot;&gt;", "");
        assert!(!found.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("<svg").count(), 4);
}

#[test]
fn the_page_says_what_was_measured() {
    let page = shown();
    for figure in [
        "0.625",
        "25.0%",
        "+0.125",
        "better than it",
        "1.500",
        "2.0000",
        "open</span>",
        "fitted to another corpus",
    ] {
        assert!(page.contains(figure), "{figure}");
    }
}

#[test]
fn the_json_reads_back_as_it_was_written() {
    let evaluation = evaluation();
    let json = serde_json::to_string(&evaluation).expect("it can be written");
    let read: Evaluation = serde_json::from_str(&json).expect("it can be read");
    assert_eq!(read, evaluation);
}
