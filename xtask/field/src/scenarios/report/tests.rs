use super::details::details;
use super::detection::Detected;
use super::table::table;
use super::targets::{Shown, targets};
use super::{
    Attacked, Benign, ByDetector, FORMAT, InTurn, Learned, Machine, Service, Suite, Together,
};
use crate::scenarios::attack::Attack;

fn at(delay_calls: u64) -> Option<Detected> {
    Some(Detected {
        delay_ms: delay_calls as f64 / 2.0,
        delay_calls,
    })
}

fn attacked(attack: Attack, by: [Option<Detected>; 3]) -> Attacked {
    let [monitor, never_seen, stide] = by;
    Attacked {
        attack,
        mimicry: attack.is_mimicry(),
        complete: true,
        answer: String::new(),
        errno: 0,
        calls: 8,
        traceless: None,
        messages: monitor.map(|_| 2),
        headlines: vec![],
        by: ByDetector {
            monitor,
            never_seen,
            stide,
        },
    }
}

fn benign(variant: &str, upgrade: bool, calls: u64, false_alarms: [u64; 3]) -> Benign {
    let [monitor, never_seen, stide] = false_alarms;
    Benign {
        variant: variant.to_owned(),
        upgrade,
        calls,
        seconds: 1800.0,
        lost: 0,
        alike: 7,
        incidents: Some(vec!["x | ran y".to_owned(); monitor as usize]),
        false_alarms: ByDetector {
            monitor,
            never_seen,
            stide,
        },
    }
}

fn suite() -> Suite {
    Suite {
        format: FORMAT,
        command: "cargo xtask scenarios".to_owned(),
        monitor: "abc".to_owned(),
        model: "default".to_owned(),
        machine: Machine {
            cpu: "A CPU".to_owned(),
            cpus: 2,
        },
        kernel: "6.1.0".to_owned(),
        date: "2026-11-23".to_owned(),
        short: false,
        services: vec![Service {
            name: "nginx".to_owned(),
            version: "1.22".to_owned(),
            other: Some("1.20".to_owned()),
            learned: Learned {
                recordings: 3,
                calls: 1_234_567,
                threads: 12,
                seconds: 600.0,
                settled_after_calls: Some(40_000),
                settled_after_s: Some(21.4),
                budget: "0.1/million".to_owned(),
                stide_threshold: 3,
            },
            attacks: vec![
                attacked(Attack::ReverseShell, [at(4), at(6), None]),
                attacked(Attack::Miner, [at(8), None, None]),
                attacked(Attack::MimicReverseShell, [None, at(100), None]),
            ],
            benign: vec![
                benign("another load", false, 38_000_000, [0, 2, 0]),
                benign("restarts", false, 2_000_000, [0, 0, 1]),
                benign("an older build", true, 4_000_000, [1, 8, 0]),
            ],
            not_had: vec![],
            together: Some(Together {
                attacks: vec![
                    InTurn {
                        attack: Attack::Miner,
                        provoked: Some(true),
                        by: ByDetector {
                            monitor: at(8),
                            never_seen: None,
                            stide: None,
                        },
                    },
                    InTurn {
                        attack: Attack::ReverseShell,
                        provoked: None,
                        by: ByDetector::default(),
                    },
                ],
                alarms: 2,
                alike: 5,
            }),
        }],
    }
}

#[test]
fn the_readmes_table_has_one_row_for_each_service_and_tells_the_targets() {
    let text = table(&suite());
    let row = "| nginx 1.22 | 1,234,567 | 40,000 calls, 21 s | 2 / 1 / 0 of 2 | 0 / 1 / 0 of 1 | \
               6.00 / 6.00 / – | 3.00 / 3.00 / – | < 0.0922 / 0.0500 / 0.0250 | < 3.69 / 2.00 / \
               1.00 | 0.250 / 2.00 / < 0.922 | 2.00 / 16.0 / < 7.38 |";
    assert!(text.lines().any(|line| line == row), "{text}");
    let columns: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.matches('|').count())
        .collect();
    assert_eq!(columns, [[12; 4].as_slice(), &[5; 10], &[4; 7]].concat());
}

#[test]
fn targets_are_met_only_where_the_figures_show_it() {
    let shown = |suite: &Suite| -> Vec<_> { targets(suite).iter().map(|it| it.shown).collect() };
    let mut suite = suite();
    let met = [
        Shown::Met,
        Shown::TooLittle,
        Shown::Met,
        Shown::Met,
        Shown::Met,
    ];
    // Two of two may be chance.
    assert_eq!(shown(&suite), met);
    // None in ten million calls may still be three in ten million.
    suite.services[0].benign[0].calls = 8_000_000;
    assert_eq!(shown(&suite)[2], Shown::TooLittle);
    suite.services[0].benign[0].false_alarms.monitor = 2;
    assert_eq!(shown(&suite)[2..4], [Shown::NotMet; 2]);
    suite.services[0].attacks[1].by.monitor = None;
    suite.services[0].attacks[0].by.stide = at(2);
    assert_eq!(shown(&suite), [Shown::NotMet; 5]);
    suite.services.clear();
    assert_eq!(shown(&suite), [Shown::TooLittle; 5]);
}

#[test]
fn what_an_attack_got_cannot_break_the_table() {
    let mut suite = suite();
    let attack = &mut suite.services[0].attacks[0];
    attack.answer = format!("uid=0|root\n\u{1b}[2J`x` {}", "long ".repeat(50));
    attack.errno = 1;
    attack.complete = false;
    let text = details(&suite);
    let row = text
        .lines()
        .find(|line| line.starts_with("| reverse shell |"))
        .expect("a row");
    assert!(
        row.contains("uid=0\\|root\\\\n\\\\u{1b}\\[2J\\`x\\` long"),
        "{row}"
    );
    assert!(
        row.contains("...; refused: Operation not permitted; cut short"),
        "{row}"
    );
    assert!(
        row.ends_with("| 4 calls, 2.00 ms | 6 calls, 3.00 ms | not detected |"),
        "{row}"
    );
    assert!(
        text.contains("more than 3 mismatches in 20")
            && text.contains("| an older build to 1.20 |")
    );
}

#[test]
fn the_json_comes_back_as_it_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scenarios.json");
    suite().write(&path).expect("written");
    let text = std::fs::read(&path).expect("there");
    assert_eq!(Suite::read(&text).expect("a report"), suite());
    let json: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(json["totals"][0]["monitor"]["detected"], 2);
    assert_eq!(json["total"]["never_seen"]["outside_upgrade"]["alarms"], 2);
    assert_eq!(json["targets"][0]["shown"], "met");
    let other = Suite {
        format: 2,
        ..suite()
    };
    assert!(Suite::read(&other.json().expect("JSON")).is_err());
}

#[test]
fn the_attacks_under_one_monitor_have_a_table_of_their_own() {
    let text = details(&suite());
    assert!(text.contains("1 / 0 / 0 of 2 detected, 2 alarms"), "{text}");
    let row = "| miner | a load that was not learned: a false alarm | 8 calls, 4.00 ms | not \
               detected | not detected |";
    assert!(text.lines().any(|line| line == row), "{text}");
    let old = details(&{
        let mut old = suite();
        old.services[0].together = None;
        old
    });
    assert!(!old.contains("under one monitor"));
}

#[test]
fn reports_of_runs_by_service_are_put_together_in_order() {
    let mut second = suite();
    second.services[0].name = "redis".to_owned();
    second.monitor = "def".to_owned();
    let mut joined = second.clone();
    joined.join(suite()).expect("two services");
    assert_eq!(joined.monitor, "def, abc");
    assert_eq!(joined.command, "cargo xtask scenarios");
    let names: Vec<_> = joined.services.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["nginx", "redis"]);
    let why = joined.join(second).expect_err("twice");
    assert!(why.to_string().contains("redis is in two"), "{why}");
    let short = Suite {
        short: true,
        services: vec![],
        ..suite()
    };
    assert!(joined.join(short).is_err());
}

#[test]
fn false_incidents_and_attacks_without_a_trace_are_told() {
    let mut suite = suite();
    suite.services[0].attacks[1].traceless = Some("it does the same all day".to_owned());
    suite.services[0].attacks[1].by.monitor = None;
    let text = details(&suite);
    assert!(
        text.contains("False incident, an older build: x \\| ran y."),
        "{text}"
    );
    assert!(
        text.contains("by design: miner: it does the same all day."),
        "{text}"
    );
    let text = table(&suite);
    let row = "| attacks detected that leave a trace in calls, mimicry apart | 1 of 1: 100% (2% to \
               100%) | 1 of 1: 100% (2% to 100%) | 0 of 1: 0% (0% to 98%) |";
    assert!(text.lines().any(|line| line == row), "{text}");
    let row = "| messages to a person for an attack detected, median and most | 2; 2 | | |";
    assert!(text.lines().any(|line| line == row), "{text}");
    let row = "| the same after an upgrade | 1 in 4.0 million: 0.250 (at most 1.39) | | |";
    assert!(text.lines().any(|line| line == row), "{text}");
}
