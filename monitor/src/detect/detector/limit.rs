//! At most so many alarms a minute, and of more the lightest are left out.
//!
//! An alarm beyond the limit is reported all the same when it weighs more than the lightest that
//! was reported within the minute: so whoever raises many cheap alarms first hides nothing.

use std::collections::VecDeque;

use crate::detect::severity::Severity;
use crate::detect::verdict::Alarm;

const MINUTE_NS: u64 = 60_000_000_000;

/// How much an alarm weighs beside others: its severity, then by which factor a score exceeds its
/// threshold.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) struct Weight(Severity, f64);

impl Weight {
    pub(super) fn of(alarm: &Alarm) -> Self {
        let factor = |&(_, score, threshold): &(_, f64, f64)| score / threshold.max(1e-9);
        let factors = alarm.reasons.iter().map(factor);
        Self(Severity::of(alarm), factors.fold(0.0, f64::max))
    }
}

/// A limit over any minute of event time.
#[derive(Clone, Debug)]
pub(super) struct AlarmLimit {
    alarms: Option<usize>,
    /// The heaviest that were reported, as many as the limit allows.
    reported: VecDeque<(u64, Weight)>,
}

impl AlarmLimit {
    pub(super) fn new(alarms: Option<usize>) -> Self {
        Self {
            alarms,
            reported: VecDeque::new(),
        }
    }

    /// Whether an alarm at this time may be reported; it counts if so. Time 0 stands for an unknown
    /// one and is always allowed.
    pub(super) fn allows(&mut self, time_ns: u64, weight: Weight) -> bool {
        let Some(alarms) = self.alarms.filter(|_| time_ns > 0) else {
            return true;
        };
        // Threads' events may come a little out of order: an alarm of the past is within the
        // minute.
        let recent = |at: u64| time_ns.saturating_sub(at) < MINUTE_NS;
        self.reported.retain(|&(at, _)| recent(at));
        if self.reported.len() >= alarms {
            let places = 0..self.reported.len();
            let weight_at = |place: &usize| self.reported[*place].1;
            let lightest = places.min_by(|a, b| {
                weight_at(a)
                    .partial_cmp(&weight_at(b))
                    .unwrap_or(std::cmp::Ordering::Equal)
            });
            let Some(place) = lightest.filter(|place| weight_at(place) < weight) else {
                return false;
            };
            self.reported.remove(place);
        }
        self.reported.push_back((time_ns, weight));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::{AlarmLimit, MINUTE_NS, Severity, Weight};

    const LIGHT: Weight = Weight(Severity::Low, 1.5);
    const SECOND: u64 = MINUTE_NS / 60;

    #[test]
    fn any_minute_has_at_most_so_many_alike() {
        let mut limit = AlarmLimit::new(Some(2));
        let asked = [1, 30, 31, 59, 60, 62, 90, 91, 0, 0].map(|s| limit.allows(s * SECOND, LIGHT));
        let expected = [
            true, true, false, false, false, true, true, false, true, true,
        ];
        assert_eq!(asked, expected);
    }

    #[test]
    fn what_is_heavier_is_reported_however_many_came_before() {
        let mut limit = AlarmLimit::new(Some(2));
        let mut allows =
            |second, severity, factor| limit.allows(second * SECOND, Weight(severity, factor));
        assert!(allows(1, Severity::Low, 1.5));
        assert!(allows(2, Severity::Low, 1.5));
        assert!(!allows(3, Severity::Low, 1.5));
        assert!(allows(4, Severity::Critical, 1.0));
        assert!(allows(5, Severity::Low, 1.6), "heavier than the lightest");
        assert!(!allows(6, Severity::Low, 1.6));
        assert!(allows(7, Severity::Critical, 1.0));
        assert!(!allows(8, Severity::Critical, 1.0), "no heavier than both");
    }

    #[test]
    fn no_limit_allows_all() {
        let mut limit = AlarmLimit::new(None);
        assert!((1..1000).all(|time| limit.allows(time, LIGHT)));
    }
}
