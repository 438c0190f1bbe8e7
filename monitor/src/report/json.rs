//! One JSON object a line, as `docs/json.md` describes it.

pub mod action;
pub mod alarm;
pub mod incident;
mod schema;
pub mod status;
pub mod thread;

use std::io;
use std::time::Duration;

use serde::Serialize;

use crate::detect::verdict::Verdict;
use crate::incident::Incident;
use crate::report::output::Output;
use crate::report::sink::{Interest, Origin, Sink};
use crate::response::statement::ActionStatement;
use crate::run::snapshot::{ModelIdentity, Snapshot, Summary};

use action::ActionRecord;
use alarm::AlarmRecord;
use incident::{BlindRecord, IncidentRecord};
pub use schema::{SCHEMA, is_readable};
use status::{StatusRecord, SummaryRecord};
use thread::{AftermathRecord, ThreadEndRecord};

/// Writes every statement as one line.
pub struct Json {
    output: Output,
    model: Option<ModelIdentity>,
    only: Only,
    status_interval: Duration,
    next_status: Duration,
    origin: Origin,
}

/// Which statements are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Only {
    /// All of them.
    Everything,
    /// All but the ends of threads, of which a busy host has many.
    WithoutThreadEnds,
    /// Incidents, alarms, what followed each, and when the service was not seen: a log to keep and
    /// to replay.
    Alarms,
}

impl Json {
    /// Writes to `output`, the status once every `status_interval`; `model` is `None` in a run that
    /// scores nothing.
    #[must_use]
    pub fn new(
        output: Output,
        model: Option<ModelIdentity>,
        only: Only,
        status_interval: Duration,
    ) -> Self {
        Self {
            output,
            model,
            only,
            status_interval,
            next_status: status_interval,
            origin: Origin::default(),
        }
    }

    fn line(&mut self, record: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.output.write(&line)
    }
}

impl Sink for Json {
    fn interest(&self) -> Interest {
        match self.only {
            Only::Everything => Interest::ALL,
            Only::WithoutThreadEnds => Interest {
                thread_ends: false,
                ..Interest::ALL
            },
            Only::Alarms => Interest::ALARMS,
        }
    }

    fn origin(&mut self, origin: &Origin) {
        self.origin.clone_from(origin);
    }

    fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        match verdict {
            Verdict::Alarm(alarm) => {
                let record = AlarmRecord::new(alarm, &self.origin, self.model.as_ref());
                self.line(&record)
            }
            Verdict::Aftermath(next) => self.line(&AftermathRecord::new(next, &self.origin)),
            Verdict::Blind(blind) => self.line(&BlindRecord::new(blind, &self.origin)),
            Verdict::ThreadEnd(end) => self.line(&ThreadEndRecord::new(end, &self.origin)),
        }
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        let record = IncidentRecord::new(incident, &self.origin, self.model.as_ref());
        self.line(&record)
    }

    fn action(&mut self, said: &ActionStatement) -> io::Result<()> {
        self.line(&ActionRecord::new(said))
    }

    fn status(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        if snapshot.elapsed < self.next_status {
            return Ok(());
        }
        self.next_status = snapshot.elapsed + self.status_interval;
        self.line(&StatusRecord::new(snapshot))
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.line(&SummaryRecord::new(summary, self.model.as_ref()))
    }
}

#[cfg(test)]
mod tests;
