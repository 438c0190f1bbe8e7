use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::serve::Server;
use super::{Health, Metrics, ServiceFigures, textfile};
use crate::detect::verdict::Verdict;
use crate::report::hub::Hub;
use crate::report::sample;
use crate::run::snapshot::Snapshot;

fn run() -> (Hub, Metrics) {
    let hub = Hub::default();
    let metrics = Metrics::new(hub.clone(), Some(sample::model()));
    (hub, metrics)
}

/// The value of the series whose line begins so.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| {
        line.strip_prefix(series)
            .is_some_and(|rest| rest.starts_with(' '))
    });
    line?.rsplit(' ').next()?.parse().ok()
}

#[test]
fn counts_come_from_the_last_state_and_from_every_alarm() {
    let (hub, metrics) = run();
    hub.verdict(Verdict::Alarm(Box::new(sample::alarm())));
    hub.status(sample::summary().snapshot);
    let text = metrics.text().expect("memory");
    let snapshot = sample::summary().snapshot;
    let calls = snapshot.counters.calls as f64;
    assert_eq!(value(&text, "monitor_calls_total"), Some(calls), "{text}");
    let alarms: f64 = text
        .lines()
        .filter(|line| line.starts_with("monitor_alarms_total{"))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum();
    assert!((alarms - 1.0).abs() < f64::EPSILON, "{text}");
    let lost = "monitor_calls_lost_total{reason=\"ring_full\"}";
    assert_eq!(value(&text, lost), Some(30.0));
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn the_key_of_a_service_cannot_break_out_of_its_label() {
    let (_, metrics) = run();
    metrics.set_services(vec![ServiceFigures {
        service: Arc::from("unit:a\"b\\c\n.service"),
        state: "watching",
        calls: 7,
        ..ServiceFigures::default()
    }]);
    let text = metrics.text().expect("memory");
    let series = r#"monitor_calls_total{service="unit:a\"b\\c\n.service"}"#;
    assert_eq!(value(&text, series), Some(7.0), "{text}");
}

#[test]
fn no_label_is_of_a_process() {
    let (hub, metrics) = run();
    hub.verdict(Verdict::Alarm(Box::new(sample::alarm())));
    hub.status(sample::summary().snapshot);
    let text = metrics.text().expect("memory");
    for label in ["pid=", "tid=", "comm=", "id=\"", "pod="] {
        let found = text.lines().find(|line| {
            line.contains(&format!("{{{label}")) || line.contains(&format!(",{label}"))
        });
        assert_eq!(found, None, "{label}");
    }
}

#[test]
fn health_needs_signs_of_life_of_both() {
    let (hub, metrics) = run();
    assert_eq!(metrics.health(), Health::Starting);
    let aged = |seconds| Snapshot {
        source_age: Some(Duration::from_secs(seconds)),
        ..Snapshot::default()
    };
    hub.status(aged(1));
    assert_eq!(metrics.health(), Health::Alive);
    hub.status(aged(60));
    assert_eq!(metrics.health(), Health::Stopped("the reader of the ring"));
}

#[test]
fn a_unix_socket_answers_what_it_has_and_refuses_the_rest() {
    let (hub, metrics) = run();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("metrics");
    let address = format!("unix:{}", path.display());
    let server = Server::bind(&address).expect("bound");
    let guard = server.serve(metrics).expect("threads");
    let ask = |head: &str| {
        let mut stream = UnixStream::connect(&path).expect("served");
        stream.write_all(head.as_bytes()).expect("taken");
        let mut answer = String::new();
        // A request that is refused early may end with a reset.
        let _ = stream.read_to_string(&mut answer);
        answer
    };
    let status = |answer: String| answer.lines().next().map(str::to_owned);
    let get = |path: &str| ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
    let ready = status(get("/readyz"));
    assert_eq!(ready.as_deref(), Some("HTTP/1.1 503 Service Unavailable"));
    hub.status(Snapshot::default());
    assert_eq!(status(get("/readyz")).as_deref(), Some("HTTP/1.1 200 OK"));
    assert!(get("/metrics").contains("monitor_build_info{version="));
    assert!(get("/metrics?x=1").ends_with("# EOF\n"));
    assert!(get("/etc/passwd").starts_with("HTTP/1.1 404 "));
    assert!(ask("POST /metrics HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert_eq!(ask(&"x".repeat(64 << 10)), "");
    drop(guard);
    assert!(!path.exists());
}

#[test]
fn the_text_file_is_in_the_older_format() {
    let (hub, metrics) = run();
    hub.status(sample::summary().snapshot);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("monitor.prom");
    textfile::start(&path, metrics).expect("written");
    let text = std::fs::read_to_string(&path).expect("there");
    assert!(text.contains("# TYPE monitor_calls_total counter\nmonitor_calls_total "));
    assert!(!text.contains("EOF"));
}
