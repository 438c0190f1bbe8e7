//! Makes notices of incidents, and hands those that are bad enough to a destination.

use std::io;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Destination;
use crate::detect::severity::Severity;
use crate::detect::verdict::{Alarm, Evidence, Pace, SurprisingCall, Verdict};
use crate::incident::{Incident, State};
use crate::profile::first_seen::First;
use crate::report::json::alarm::{AlarmRecord, judged_by};
use crate::report::notice::{Container, Notice, Process, Rule, Stage};
use crate::report::sink::{Interest, Origin, Sink};
use crate::report::text::call_name;
use crate::response::statement::ActionStatement;
use crate::run::snapshot::ModelIdentity;

/// Surprising calls that a notice names.
const CALLS: usize = 10;

/// A sink of incidents.
pub struct Notices {
    destination: Box<dyn Destination>,
    least: Severity,
    host: Option<Arc<str>>,
    model: Option<ModelIdentity>,
    origin: Origin,
}

impl Notices {
    /// Hands incidents of at least `least` to `destination`, as those of `host`.
    #[must_use]
    pub fn new(
        destination: Box<dyn Destination>,
        least: Severity,
        host: Option<Arc<str>>,
        model: Option<ModelIdentity>,
    ) -> Self {
        Self {
            destination,
            least,
            host,
            model,
            origin: Origin::default(),
        }
    }

    fn notice(&self, incident: &Incident) -> Notice {
        let alarm = &incident.alarm;
        let clock = self.origin.clock;
        let time = |at| clock.timestamp(at).unwrap_or_else(Timestamp::now);
        let who = alarm.who.as_deref();
        let host = who.and_then(|it| it.host.as_deref()?.name.clone());
        Notice {
            id: incident.id.clone(),
            stage: match incident.state {
                State::Opened => Stage::Opened,
                State::Updated => Stage::Updated,
                State::Closed => Stage::Closed,
            },
            severity: incident.severity,
            headline: incident.headline.clone(),
            rule: rule(alarm),
            service: incident.service.to_string(),
            host: host.or_else(|| self.host.as_deref().map(str::to_owned)),
            opened: time(incident.opened_ns),
            time: time(incident.time_ns),
            alarms: incident.alarms,
            process: process(alarm),
            unit: who.and_then(|it| it.unit.clone()),
            container: who
                .and_then(|it| it.container.as_ref())
                .map(|it| Container {
                    id: it.id.clone(),
                    name: it.name.clone(),
                    image: it.image.clone(),
                    namespace: it.namespace.clone(),
                    pod: it.pod.clone(),
                }),
            score: alarm.score,
            threshold: alarm.threshold,
            evidence: match alarm.evidence {
                Evidence::Complete => "complete",
                Evidence::Gapped => "gapped",
            },
            profile_sha256: judged_by(alarm, self.model.as_ref()).map(|it| it.sha256),
            techniques: incident.techniques().collect(),
            calls: most_surprising(&alarm.surprising),
            record: self.record(incident).to_string(),
        }
    }

    fn record(&self, incident: &Incident) -> Value {
        let time = |at| self.origin.clock.timestamp(at).map(|it| it.to_string());
        json!({
            "schema": crate::report::json::SCHEMA,
            "type": "incident",
            "id": incident.id,
            "state": incident.state,
            "changes": incident.changes,
            "service": incident.service.as_ref(),
            "severity": incident.severity,
            "headline": incident.headline,
            "opened": time(incident.opened_ns),
            "last": time(incident.last_ns),
            "time": time(incident.time_ns),
            "alarms": incident.alarms,
            "alike": incident.alike,
            "techniques": incident.techniques().collect::<Vec<_>>(),
            "alarm_ids": incident.alarm_ids,
            "fingerprint": incident.fingerprint,
            "alarm": AlarmRecord::new(&incident.alarm, &self.origin, self.model.as_ref()),
        })
    }
}

impl Sink for Notices {
    fn interest(&self) -> Interest {
        Interest::incidents(self.least)
    }

    fn origin(&mut self, origin: &Origin) {
        self.origin.clone_from(origin);
    }

    fn verdict(&mut self, _: &Verdict) -> io::Result<()> {
        Ok(())
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        // A person said that nobody is to be told.
        if incident.suppressed.is_some() {
            return Ok(());
        }
        let notice = self.notice(incident);
        self.destination.send(&notice)
    }

    fn action(&mut self, said: &ActionStatement) -> io::Result<()> {
        self.destination.act(said)
    }
}

fn rule(alarm: &Alarm) -> Rule {
    match alarm.pace {
        Pace::Slow | Pace::Sequence => Rule::Sequence,
        Pace::Fast => Rule::Burst,
        Pace::FirstSeen => {
            let heaviest = alarm
                .first_seen
                .iter()
                .max_by(|a, b| a.nats.total_cmp(&b.nats));
            match heaviest.map(|it| &it.what) {
                Some(First::Name(_)) => Rule::NewProcess,
                _ => Rule::NewCall,
            }
        }
    }
}

fn process(alarm: &Alarm) -> Process {
    let who = alarm.who.as_deref();
    let lineage = who.map_or(&[][..], |it| &it.lineage);
    let itself = lineage.last();
    let seen = alarm.lineage.iter().rev().nth(1);
    Process {
        pid: alarm.thread.tgid,
        tid: alarm.thread.tid,
        name: alarm.comm.to_string(),
        executable: itself.and_then(|it| it.executable.clone()),
        command_line: itself.and_then(|it| it.command_line.clone()),
        parent: lineage
            .iter()
            .rev()
            .nth(1)
            .map(|it| (it.pid, it.comm.clone()))
            .or_else(|| seen.map(|it| (it.tgid, it.comm.to_string()))),
        user: who
            .and_then(|it| it.user.as_ref())
            .map(|it| (it.uid, it.name.clone())),
    }
}

fn most_surprising(calls: &[SurprisingCall]) -> Vec<String> {
    let mut heaviest: Vec<_> = calls.iter().collect();
    heaviest.sort_by(|a, b| b.surprise.total_cmp(&a.surprise));
    heaviest.truncate(CALLS);
    heaviest.iter().map(|it| call_name(it.call)).collect()
}
