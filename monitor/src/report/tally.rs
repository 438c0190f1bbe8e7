//! Counts alarms by service, reason and evidence, before any output may drop one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::detect::verdict::{Alarm, Evidence, Pace};

/// Services that are counted apart; those beyond are counted together, so that a host with ever new
/// services makes no ever new series.
const SERVICES: usize = 1024;

/// The service of those beyond.
const OTHER: &str = "other";

/// What is counted apart: service, reason and evidence.
pub type Series = (Arc<str>, &'static str, &'static str);

/// Counts of a run.
#[derive(Debug, Default)]
pub struct Tally {
    alarms: Mutex<BTreeMap<Series, u64>>,
}

impl Tally {
    /// Counts `alarm`, unless it is one that no person is told of.
    pub fn count(&self, alarm: &Alarm) {
        if alarm.suppressed.is_some() {
            return;
        }
        let reason = match alarm.pace {
            Pace::Slow | Pace::Sequence => "slow",
            Pace::Fast => "fast",
            Pace::FirstSeen => "first_seen",
        };
        let evidence = match alarm.evidence {
            Evidence::Complete => "complete",
            Evidence::Gapped => "gapped",
        };
        let mut alarms = self.lock();
        let is_new = || !alarms.keys().any(|it| it.0 == alarm.service);
        let service = if alarms.len() >= SERVICES && is_new() {
            Arc::from(OTHER)
        } else {
            Arc::clone(&alarm.service)
        };
        let count = alarms.entry((service, reason, evidence)).or_insert(0);
        *count += 1;
    }

    /// Every series and its count.
    #[must_use]
    pub fn alarms(&self) -> Vec<(Series, u64)> {
        let alarms = self.lock();
        alarms
            .iter()
            .map(|(key, count)| (key.clone(), *count))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Series, u64>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{OTHER, SERVICES, Tally};
    use crate::report::sample;

    #[test]
    fn ever_new_services_make_no_ever_new_series() {
        let tally = Tally::default();
        let mut alarm = sample::alarm();
        for number in 0..2 * SERVICES {
            alarm.service = Arc::from(number.to_string());
            tally.count(&alarm);
        }
        let alarms = tally.alarms();
        assert_eq!(alarms.len(), SERVICES + 1);
        let other = alarms.iter().find(|it| it.0.0.as_ref() == OTHER);
        assert_eq!(other.map(|it| it.1), Some(SERVICES as u64));
    }
}
