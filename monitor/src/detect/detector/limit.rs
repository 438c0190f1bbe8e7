//! At most so many alarms a minute.

use std::collections::VecDeque;

const MINUTE_NS: u64 = 60_000_000_000;

/// A limit over any minute of event time.
#[derive(Clone, Debug)]
pub(super) struct AlarmLimit {
    alarms: Option<usize>,
    raised_ns: VecDeque<u64>,
}

impl AlarmLimit {
    pub fn new(alarms: Option<usize>) -> Self {
        Self {
            alarms,
            raised_ns: VecDeque::new(),
        }
    }

    /// Whether an alarm at this time may be raised; it counts if so. Time 0 stands for an unknown
    /// one and is always allowed.
    pub fn allows(&mut self, time_ns: u64) -> bool {
        let Some(alarms) = self.alarms.filter(|_| time_ns > 0) else {
            return true;
        };
        // Threads' events may come a little out of order: an alarm of the past is within the minute.
        let old = |raised: &u64| time_ns.saturating_sub(*raised) >= MINUTE_NS;
        while self.raised_ns.front().is_some_and(old) {
            self.raised_ns.pop_front();
        }
        let allowed = self.raised_ns.len() < alarms;
        if allowed {
            self.raised_ns.push_back(time_ns);
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::{AlarmLimit, MINUTE_NS};

    #[test]
    fn any_minute_has_at_most_so_many() {
        let mut limit = AlarmLimit::new(Some(2));
        let second = MINUTE_NS / 60;
        let asked = [1, 30, 31, 59, 60, 62, 90, 91, 0, 0].map(|s| limit.allows(s * second));
        let expected = [
            true, true, false, false, false, true, true, false, true, true,
        ];
        assert_eq!(asked, expected);
    }

    #[test]
    fn no_limit_allows_all() {
        let mut limit = AlarmLimit::new(None);
        assert!((1..1000).all(|time| limit.allows(time)));
    }
}
