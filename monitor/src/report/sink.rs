//! What an output is: it takes the statements about a run, one after the other.

use std::io;

use crate::detect::severity::Severity;
use crate::detect::verdict::Verdict;
use crate::incident::Incident;
use crate::response::statement::ActionStatement;
use crate::run::clock::WallClock;
use crate::run::snapshot::{Snapshot, Summary};

/// Where the verdicts that follow come from.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origin {
    /// The file, escaped; `None` for the live kernel.
    pub name: Option<String>,
    /// What its times mean.
    pub clock: WallClock,
}

/// Which statements a sink wants; the others are never queued for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "six kinds of statements, each wanted or not"
)]
pub struct Interest {
    /// Statements about incidents of at least this severity, those that a person suppressed left
    /// out; `None` for all of them.
    pub least: Option<Severity>,
    /// Statements about incidents at all.
    pub incidents: bool,
    /// Alarms.
    pub alarms: bool,
    /// What followed each alarm.
    pub aftermath: bool,
    /// The ends of threads.
    pub thread_ends: bool,
    /// The state of the run, several times a second.
    pub status: bool,
    /// The summary at the end.
    pub summary: bool,
}

impl Interest {
    /// Nothing.
    pub const NONE: Self = Self {
        least: None,
        incidents: false,
        alarms: false,
        aftermath: false,
        thread_ends: false,
        status: false,
        summary: false,
    };

    /// Everything.
    pub const ALL: Self = Self {
        thread_ends: true,
        status: true,
        summary: true,
        ..Self::ALARMS
    };

    /// The state of the run and nothing else.
    pub const STATUS: Self = Self {
        status: true,
        ..Self::NONE
    };

    /// Every statement about an incident, also those that a person suppressed, and nothing else.
    pub const INCIDENTS: Self = Self {
        incidents: true,
        ..Self::NONE
    };

    /// Incidents of at least this severity that a person is to be told of, and nothing else.
    #[must_use]
    pub const fn incidents(least: Severity) -> Self {
        Self {
            least: Some(least),
            ..Self::INCIDENTS
        }
    }

    /// Incidents, alarms and what followed each.
    pub const ALARMS: Self = Self {
        alarms: true,
        aftermath: true,
        ..Self::INCIDENTS
    };

    /// Whether `incident` is wanted.
    #[must_use]
    pub fn wants_incident(self, incident: &Incident) -> bool {
        let reported = |least| incident.severity >= least && incident.suppressed.is_none();
        self.incidents && self.least.is_none_or(reported)
    }

    /// Whether `verdict` is wanted.
    #[must_use]
    pub const fn wants(self, verdict: &Verdict) -> bool {
        match verdict {
            Verdict::Alarm(_) | Verdict::Blind(_) => self.alarms,
            Verdict::Aftermath(_) => self.aftermath,
            Verdict::ThreadEnd(_) => self.thread_ends,
        }
    }
}

/// Takes what the detector says and how the run stands, in order.
///
/// An error of kind [`io::ErrorKind::BrokenPipe`] means that nobody reads any more: the sink gets
/// nothing further. One of kind [`io::ErrorKind::InvalidData`] or [`io::ErrorKind::InvalidInput`]
/// means that this statement will never be taken. After any other the same statement may come
/// again.
pub trait Sink: Send {
    /// What it wants to be given.
    fn interest(&self) -> Interest {
        Interest::ALL
    }

    /// What follows comes from here.
    fn origin(&mut self, origin: &Origin) {
        let _ = origin;
    }

    /// One verdict.
    ///
    /// # Errors
    /// When it cannot be written.
    fn verdict(&mut self, verdict: &Verdict) -> io::Result<()>;

    /// One statement about an incident.
    ///
    /// # Errors
    /// When it cannot be written.
    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        let _ = incident;
        Ok(())
    }

    /// What became of an action about an incident; told to those who want incidents.
    ///
    /// # Errors
    /// When it cannot be written.
    fn action(&mut self, said: &ActionStatement) -> io::Result<()> {
        let _ = said;
        Ok(())
    }

    /// How the run stands, several times a second.
    ///
    /// # Errors
    /// When it cannot be written.
    fn status(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let _ = snapshot;
        Ok(())
    }

    /// How the run went: the last statement.
    ///
    /// # Errors
    /// When it cannot be written.
    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let _ = summary;
        Ok(())
    }
}
