use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;

use super::{Json, Only};
use crate::detect::verdict::Verdict;
use crate::report::output::Output;
use crate::report::sample;
use crate::report::sink::{Origin, Sink};
use crate::run::clock::WallClock;
use crate::run::snapshot::Snapshot;

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics here").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn written(only: Only, tell: impl FnOnce(&mut Json)) -> Vec<Value> {
    let to = Shared::default();
    let output = Output::new(Box::new(to.clone()));
    let model = Some(sample::model());
    let mut json = Json::new(output, model, only, Duration::from_secs(10));
    tell(&mut json);
    let bytes = to.0.lock().expect("no test panics here").clone();
    let text = String::from_utf8(bytes).expect("JSON is UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a line is an object"))
        .collect()
}

fn tell_all(json: &mut Json) {
    json.origin(&Origin {
        name: Some("a file".into()),
        clock: WallClock::Anchored {
            unix_ns: 1_000_000_000,
            monotonic_ns: 13_000_000_000,
        },
    });
    let interest = json.interest();
    let verdicts = [
        Verdict::Alarm(Box::new(sample::alarm())),
        Verdict::Aftermath(sample::aftermath()),
        Verdict::ThreadEnd(sample::thread_end()),
    ];
    for verdict in verdicts.iter().filter(|it| interest.wants(it)) {
        json.verdict(verdict).expect("memory");
    }
    if interest.summary {
        json.summary(&sample::summary()).expect("memory");
    }
}

#[test]
fn every_statement_is_one_object_with_its_type_and_the_schema() {
    let lines = written(Only::Everything, tell_all);
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str()).collect();
    let expected = ["alarm", "aftermath", "thread_end", "summary"];
    assert_eq!(types, expected.map(Some));
    assert!(lines.iter().all(|line| line["schema"] == 2));
    assert_eq!(lines[0]["comm"], "evil\\x1b[2J");
    assert_eq!(lines[0]["surprising"][0]["name"], "ptrace");
    assert_eq!(lines[0]["surprising"][0]["expected"][0]["name"], "read");
    assert_eq!(lines[0]["flight"]["calls"][2][1], 101);
    assert_eq!(lines[0]["source"], "a file");
    assert_eq!(lines[2]["time"], "1970-01-01T00:00:01Z");
    assert_eq!(lines[2]["lost"], 2);
    assert_eq!(lines[2]["highest_score"], Value::Null);
    assert_eq!(lines[3]["lost_by_reason"]["ring full"], 30);
    assert_eq!(lines[3]["unscored"], 12);
    assert_eq!(lines[3]["cpu_s"], 0.125);
}

#[test]
fn an_alarm_log_holds_alarms_and_what_followed_alone() {
    let lines = written(Only::Alarms, tell_all);
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["type"], "alarm");
    assert_eq!(lines[1]["type"], "aftermath");
    assert_eq!(lines[1]["alarm"], lines[0]["id"]);
}

#[test]
fn the_ends_of_threads_can_be_left_out() {
    let lines = written(Only::WithoutThreadEnds, tell_all);
    let types: Vec<_> = lines.iter().map(|line| line["type"].as_str()).collect();
    assert_eq!(types, ["alarm", "aftermath", "summary"].map(Some));
}

#[test]
fn the_status_comes_once_an_interval() {
    let lines = written(Only::Everything, |json| {
        for seconds in 0..=25 {
            let snapshot = Snapshot {
                elapsed: Duration::from_secs(seconds),
                ..Snapshot::default()
            };
            json.status(&snapshot).expect("memory");
        }
    });
    let times: Vec<_> = lines
        .iter()
        .map(|line| line["elapsed_s"].as_f64())
        .collect();
    assert_eq!(times, [Some(10.0), Some(20.0)]);
}
