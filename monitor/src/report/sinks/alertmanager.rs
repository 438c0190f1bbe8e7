//! Incidents as alerts of Prometheus' Alertmanager, API v2 (`api/v2/openapi.yaml` of its sources).
//!
//! An alert is told apart by its labels. It fires from the incident's beginning until it closes;
//! while it is open its end is set far ahead, since Alertmanager would resolve one without an end
//! after its `resolve_timeout`.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::detect::severity::Severity;
use crate::report::notice::{Notice, Stage, cut};

/// How long an alert fires that nobody closes, because the monitor went away.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

/// Open incidents whose severity is remembered.
const REMEMBERED: usize = 1024;

/// Makes alerts of notices, and resolves the alert of an incident whose severity changed.
#[derive(Debug, Default)]
pub struct Alerts {
    /// The severity that an open incident was reported with, oldest first.
    open: VecDeque<(String, Severity)>,
}

impl Alerts {
    /// The body of a request.
    ///
    /// # Errors
    ///
    /// When the notice is no JSON, which none is.
    pub fn body(&self, notice: &Notice) -> serde_json::Result<Vec<u8>> {
        let end = match notice.stage {
            Stage::Closed => notice.time,
            Stage::Opened | Stage::Updated => {
                notice.time.checked_add(LONGEST).unwrap_or(notice.time)
            }
        };
        let mut alerts = vec![alert(notice, notice.severity, end)];
        let before = self.open.iter().find(|it| it.0 == notice.id);
        if let Some(&(_, before)) = before
            && before != notice.severity
        {
            alerts.push(alert(notice, before, notice.time));
        }
        serde_json::to_vec(&alerts)
    }

    /// Remembers that `notice` was taken.
    pub fn taken(&mut self, notice: &Notice) {
        self.open.retain(|it| it.0 != notice.id);
        if notice.stage != Stage::Closed {
            if self.open.len() >= REMEMBERED {
                self.open.pop_front();
            }
            self.open.push_back((notice.id.clone(), notice.severity));
        }
    }
}

fn alert(notice: &Notice, severity: Severity, end: Timestamp) -> Value {
    let mut labels = json!({
        "alertname": notice.rule.name(),
        "severity": severity.name(),
        "service": notice.service,
        "incident": notice.id,
    });
    if let Some(host) = &notice.host {
        labels["instance"] = host.as_str().into();
    }
    let process = &notice.process;
    let command = process.command_line.as_deref().unwrap_or(&process.name);
    json!({
        "labels": labels,
        "annotations": {
            "summary": notice.short_headline(),
            "description": format!(
                "process {} ({}), score {:.2} against {:.2}; monitor explain {}",
                process.pid, cut(command, 512), notice.score, notice.threshold, notice.id,
            ),
        },
        "startsAt": notice.opened.to_string(),
        "endsAt": end.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::Alerts;
    use crate::detect::severity::Severity;
    use crate::report::notice::{Notice, Stage, sample};

    fn told(alerts: &mut Alerts, notice: &Notice) -> Value {
        let body = alerts.body(notice).expect("JSON");
        alerts.taken(notice);
        serde_json::from_slice(&body).expect("JSON")
    }

    #[test]
    fn an_alert_fires_until_its_incident_closes() {
        let mut alerts = Alerts::default();
        let mut notice = sample::notice();
        let opened = told(&mut alerts, &notice);
        assert_eq!(opened[0]["endsAt"], "2026-11-27T08:00:01Z");
        assert_eq!(opened[0]["labels"]["severity"], "high");
        notice.stage = Stage::Closed;
        let closed = told(&mut alerts, &notice);
        assert_eq!(closed[0]["endsAt"], "2026-11-26T08:00:01Z");
        assert_eq!(closed[0]["labels"], opened[0]["labels"]);
        assert!(alerts.open.is_empty());
    }

    #[test]
    fn an_incident_that_becomes_worse_leaves_no_alert_behind() {
        let mut alerts = Alerts::default();
        let mut notice = sample::notice();
        told(&mut alerts, &notice);
        notice.stage = Stage::Updated;
        notice.severity = Severity::Critical;
        let worse = told(&mut alerts, &notice);
        assert_eq!(worse[0]["labels"]["severity"], "critical");
        assert_eq!(worse[1]["labels"]["severity"], "high");
        assert_eq!(worse[1]["endsAt"], "2026-11-26T08:00:01Z");
    }
}
