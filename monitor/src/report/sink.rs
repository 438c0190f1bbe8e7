//! Where the statements about a run go.

use std::io;

use crate::detect::verdict::Verdict;
use crate::incident::Incident;
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

/// Takes what the detector says and how the run stands, in order.
///
/// An error of kind [`io::ErrorKind::BrokenPipe`] means that nobody reads any more: it ends the run
/// without being reported.
pub trait Sink: Send {
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
    fn summary(&mut self, summary: &Summary) -> io::Result<()>;
}

/// Several sinks in a row; each statement goes to all of them.
#[derive(Default)]
pub struct Tee(pub Vec<Box<dyn Sink>>);

impl Tee {
    fn each(&mut self, mut tell: impl FnMut(&mut dyn Sink) -> io::Result<()>) -> io::Result<()> {
        let mut outcome = Ok(());
        for sink in &mut self.0 {
            // The others still get what one of them could not take.
            outcome = outcome.and(tell(sink.as_mut()));
        }
        outcome
    }
}

impl Sink for Tee {
    fn origin(&mut self, origin: &Origin) {
        for sink in &mut self.0 {
            sink.origin(origin);
        }
    }

    fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        self.each(|sink| sink.verdict(verdict))
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        self.each(|sink| sink.incident(incident))
    }

    fn status(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        self.each(|sink| sink.status(snapshot))
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        self.each(|sink| sink.summary(summary))
    }
}
