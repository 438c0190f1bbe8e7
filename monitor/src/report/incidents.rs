//! Incidents as lines of JSON for whoever follows them.

use std::io;

use serde_json::{Value, json};

use crate::detect::verdict::Verdict;
use crate::incident::Incident;
use crate::report::sink::{Interest, Origin, Sink};
use crate::run::clock::WallClock;
use crate::run::snapshot::Summary;

/// Hands each statement about an incident on, short enough to be read as it goes by.
pub struct IncidentLines<F> {
    tell: F,
    clock: WallClock,
}

impl<F: FnMut(Value) + Send> IncidentLines<F> {
    /// Hands them to `tell`.
    pub const fn new(tell: F) -> Self {
        Self {
            tell,
            clock: WallClock::Live,
        }
    }
}

impl<F: FnMut(Value) + Send> Sink for IncidentLines<F> {
    fn interest(&self) -> Interest {
        Interest::INCIDENTS
    }

    fn origin(&mut self, origin: &Origin) {
        self.clock = origin.clock;
    }

    fn verdict(&mut self, _: &Verdict) -> io::Result<()> {
        Ok(())
    }

    fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        let time = self.clock.timestamp(incident.time_ns);
        (self.tell)(json!({
            "id": incident.id,
            "time": time.map(|it| it.to_string()),
            "state": incident.state,
            "severity": incident.severity,
            "service": &*incident.service,
            "headline": incident.headline,
            "alarms": incident.alarms,
            "provisional": incident.provisional,
            "suppressed": incident.suppressed,
            "fingerprint": incident.fingerprint,
            "alarm": incident.alarm.id,
        }));
        Ok(())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        Ok(())
    }
}
