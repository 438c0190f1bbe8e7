//! Printed times as nanoseconds since the first one.

use crate::trace::strace::line::Time;

const DAY_NS: u64 = 24 * 60 * 60 * 1_000_000_000;

/// 2001-09-09 in nanoseconds since 1970: strace's absolute times are larger, its steps smaller.
const ABSOLUTE_NS: u64 = 1_000_000_000_000_000_000;

/// Turns the times of the lines of one text into one running time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clock {
    now: u64,
    last: Option<Time>,
}

impl Clock {
    /// The time of the next line; that of the line before when it has none of its own.
    pub(super) fn advance(&mut self, time: Option<Time>) -> u64 {
        let Some(time) = time else {
            return self.now;
        };
        let step = match (self.last, time) {
            (_, Time::Seconds(step)) if step < ABSOLUTE_NS => step,
            (Some(Time::Seconds(last)), Time::Seconds(now)) => now.saturating_sub(last),
            (Some(Time::OfDay(last)), Time::OfDay(now)) if now >= last => now - last,
            // Lines may stand out of order by a little; a large step back is midnight.
            (Some(Time::OfDay(last)), Time::OfDay(now)) if last - now > DAY_NS / 2 => {
                now.saturating_add(DAY_NS).saturating_sub(last)
            }
            _ => 0,
        };
        self.now = self.now.saturating_add(step);
        self.last = Some(time);
        self.now
    }
}

#[cfg(test)]
mod tests {
    use super::{ABSOLUTE_NS, Clock, DAY_NS};
    use crate::trace::strace::line::Time;

    fn run(times: &[Time]) -> Vec<u64> {
        let mut clock = Clock::default();
        times
            .iter()
            .map(|&time| clock.advance(Some(time)))
            .collect()
    }

    #[test]
    fn absolute_times_relative_steps_and_times_of_day_all_run_from_zero() {
        let absolute = [0, 5, 9].map(|ns| Time::Seconds(ABSOLUTE_NS + ns));
        assert_eq!(run(&absolute), [0, 5, 9]);
        assert_eq!(run(&[0, 5, 4].map(Time::Seconds)), [0, 5, 9]);
        assert_eq!(
            run(&[DAY_NS - 2, DAY_NS - 1, 3].map(Time::OfDay)),
            [0, 1, 5]
        );
        assert_eq!(run(&[u64::MAX, 7].map(Time::OfDay)), [0, 0]);
    }

    #[test]
    fn a_line_without_a_time_has_that_of_the_line_before() {
        let mut clock = Clock::default();
        clock.advance(Some(Time::Seconds(7)));
        assert_eq!(clock.advance(None), 7);
    }
}
