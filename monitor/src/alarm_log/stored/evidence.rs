//! What the log has of an incident or of an alarm.

use crate::report::json::alarm::{AlarmError, AlarmRecord};
use crate::report::json::incident::IncidentRecord;
use crate::report::json::thread::AftermathRecord;
use crate::syscall::flight::Flight;

/// An alarm of the log.
#[derive(Clone, Debug)]
pub struct Found {
    /// The alarm.
    pub alarm: AlarmRecord,
    /// What its thread did next.
    pub aftermath: Option<AftermathRecord>,
    /// Lines of the log that could not be read.
    pub damaged: u64,
}

/// What an id stands for: an incident with its alarms, or one alarm.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// The whole id.
    pub id: String,
    /// The last statement about the incident; `None` of an alarm.
    pub incident: Option<IncidentRecord>,
    /// Its alarms that the log still has, oldest first: one at least.
    pub alarms: Vec<Found>,
}

impl Evidence {
    /// The incident's heaviest alarm, or the first that the log still has; the alarm itself where
    /// there is no incident.
    #[must_use]
    pub fn heaviest(&self) -> Option<&Found> {
        let heaviest = self.incident.as_ref().map(|it| it.alarm.as_str());
        let is_it = |it: &&Found| Some(it.alarm.id.as_str()) == heaviest;
        self.alarms
            .iter()
            .find(is_it)
            .or_else(|| self.alarms.first())
    }

    /// The calls of every alarm with what followed it: the alarm came in the middle of the pattern.
    ///
    /// # Errors
    /// When one is not what a monitor writes.
    pub fn flights(&self) -> Result<Vec<Flight>, AlarmError> {
        let flight = |found: &Found| {
            let mut flight = found.alarm.alarm()?.flight;
            if let Some(after) = &found.aftermath {
                let after = after.aftermath()?;
                flight.extend(after.first_seq, &after.calls);
            }
            Ok(flight)
        };
        self.alarms.iter().map(flight).collect()
    }
}
