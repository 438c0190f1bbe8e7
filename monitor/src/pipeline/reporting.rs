//! From verdicts to what is reported: who it was, and which incident it belongs to.

use std::sync::Arc;

use crate::detect::verdict::{Alarm, Verdict};
use crate::incident::grouping::Suppression;
use crate::incident::{Incident, Incidents};
use crate::syscall::event::Event;
use crate::who::Who;

/// Tells who made the calls of an alarm. It may read files, but never wait.
pub trait Identify: Send {
    /// Takes note of an event, so that a process that is gone by the time of its alarm is known.
    fn note(&mut self, event: &Event);

    /// Who made the calls of an alarm.
    fn who(&mut self, alarm: &Alarm) -> Option<Arc<Who>>;
}

/// Where a person's suppressions are kept.
pub trait Suppressions: Send {
    /// All of them, if they changed since they were last asked for; times are of the events' clock.
    fn changed(&mut self) -> Option<Vec<Suppression>>;
}

/// What a run reports beside its verdicts.
pub struct Reporting {
    /// Groups alarms.
    pub incidents: Incidents,
    /// Knows processes; `None` for what was recorded, maybe on another host.
    pub identify: Option<Box<dyn Identify>>,
    /// What a person does not want to be told of.
    pub suppressions: Option<Box<dyn Suppressions>>,
}

impl Default for Reporting {
    fn default() -> Self {
        Self {
            incidents: Incidents::new(None),
            identify: None,
            suppressions: None,
        }
    }
}

/// One thing for the sinks.
pub(super) enum Report {
    Verdict(Verdict),
    Incident(Box<Incident>),
}

impl Reporting {
    /// What the verdicts make, in their order, and what is due by `now_ns` of the events' clock.
    pub(super) fn reports(&mut self, verdicts: Vec<Verdict>, now_ns: u64) -> Vec<Report> {
        let mut reports = Vec::with_capacity(verdicts.len());
        let mut statements = Vec::new();
        for mut verdict in verdicts {
            if let Verdict::Alarm(alarm) = &mut verdict {
                if let Some(identify) = &mut self.identify {
                    alarm.who = identify.who(alarm);
                }
                self.incidents.alarm(alarm, &mut statements);
            }
            // An incident follows the alarm that it is about.
            reports.push(Report::Verdict(verdict));
            add(&mut reports, &mut statements);
        }
        self.incidents.advance(now_ns, &mut statements);
        add(&mut reports, &mut statements);
        reports
    }

    /// What is left to report when no more alarms come.
    pub(super) fn finish(&mut self) -> Vec<Report> {
        let (mut reports, mut statements) = (Vec::new(), Vec::new());
        self.incidents.finish(&mut statements);
        add(&mut reports, &mut statements);
        reports
    }

    /// Takes up what a person suppressed meanwhile.
    pub(super) fn look(&mut self) {
        let changed = self.suppressions.as_mut().and_then(|it| it.changed());
        if let Some(suppressions) = changed {
            self.incidents.set_suppressions(suppressions);
        }
    }
}

fn add(reports: &mut Vec<Report>, statements: &mut Vec<Incident>) {
    let statements = statements.drain(..);
    reports.extend(statements.map(|it| Report::Incident(Box::new(it))));
}
