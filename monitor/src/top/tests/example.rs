//! A host with three services and two incidents.

use crate::detect::severity::Severity;
use crate::detect::verdict::{Evidence, Pace};
use crate::guard::board::{HostStatus, ServiceStatus};
use crate::guard::threads::{CallStatus, ScoreStatus, ServiceThreads, ThreadStatus};
use crate::incident::State as Phase;
use crate::service::life::State;
use crate::top::rows::incidents::IncidentLine;
use crate::top::state::{News, Top};

pub(super) fn nearest(score: f64) -> Option<ScoreStatus> {
    Some(ScoreStatus {
        pace: Pace::Sequence,
        score,
        threshold: 12.0,
    })
}

pub(super) fn status() -> HostStatus {
    let service = |service: &str, calls_per_second, score| ServiceStatus {
        service: service.to_owned(),
        state: State::Watching,
        calls_per_second,
        nearest: nearest(score),
        ..ServiceStatus::default()
    };
    HostStatus {
        version: "0.1.0".into(),
        attached: true,
        uptime_s: 3700.0,
        services: vec![
            service("unit:nginx.service", 1200.0, 0.5),
            service("unit:redis.service", 300.0, 13.5),
            ServiceStatus {
                state: State::Learning,
                nearest: None,
                novelty: Some(41.0),
                lost: 7,
                ..service("exe:/tmp/\u{1b}[2J\u{202e}evil", 5.0, 0.0)
            },
        ],
        lost: 7,
        lost_because: vec![("ring full".into(), 7)],
        config_is_right: true,
        ..HostStatus::default()
    }
}

pub(super) fn threads() -> ServiceThreads {
    let call = |call: &str, nats, expected| CallStatus {
        call: call.to_owned(),
        nats: Some(nats),
        breaks: nats > 8.0,
        expected,
    };
    ServiceThreads {
        service: "unit:redis.service".into(),
        judged: true,
        threads: vec![ThreadStatus {
            pid: 40,
            tid: 41,
            comm: "redis-server".into(),
            calls: 12_345,
            lost: 0,
            last_ns: 1,
            nearest: nearest(13.5),
            evidence: Evidence::Complete,
            last: vec![
                call("read", 0.01, vec![]),
                call("ptrace", 14.2, vec![("write".to_owned(), 0.62)]),
            ],
        }],
        ..ServiceThreads::default()
    }
}

fn incident(id: &str, severity: Severity, headline: &str) -> IncidentLine {
    IncidentLine {
        id: id.to_owned(),
        time: Some("2026-11-26T14:40:11Z".into()),
        state: Phase::Opened,
        severity,
        service: "unit:redis.service".into(),
        headline: headline.to_owned(),
        suppressed: None,
        fingerprint: String::new(),
    }
}

pub(super) fn heard() -> Top {
    let mut top = Top::default();
    top.hear(News::Status(Box::new(status())));
    top.hear(News::Incidents(vec![
        incident(
            "01A",
            Severity::Low,
            "redis-server made an unusual sequence",
        ),
        incident(
            "01B",
            Severity::Critical,
            "redis-server traced another process",
        ),
    ]));
    top
}
