//! From the clock of the events to the time on the wall.

use std::fs;
use std::sync::LazyLock;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use nix::time::{ClockId, clock_gettime};

/// How the times of a source's events (`CLOCK_MONOTONIC`) relate to the time of day.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum WallClock {
    /// The events are of this boot of this host: its clocks tell, asked anew each time, because
    /// the time of day may be set and the monotonic clock stands still while the host sleeps.
    Live,
    /// The source says which moment its clock began from.
    Anchored {
        /// Nanoseconds since 1970-01-01 UTC.
        unix_ns: u64,
        /// The same moment by the clock of the events.
        monotonic_ns: u64,
    },
    /// The source has no times, or does not say when it was made.
    #[default]
    Unknown,
}

impl WallClock {
    /// The time of day of an event; `None` when it is not known.
    pub(crate) fn timestamp(self, time_ns: u64) -> Option<Timestamp> {
        if time_ns == 0 {
            return None;
        }
        let (unix_ns, monotonic_ns) = match self {
            Self::Live => (
                nanoseconds(ClockId::CLOCK_REALTIME)?,
                kernel_monotonic_ns()?,
            ),
            Self::Anchored {
                unix_ns,
                monotonic_ns,
            } => (i128::from(unix_ns), i128::from(monotonic_ns)),
            Self::Unknown => return None,
        };
        Timestamp::from_nanosecond(unix_ns - monotonic_ns + i128::from(time_ns)).ok()
    }

    /// What is to be added to the time of an event to get nanoseconds since 1970; `None` when that
    /// is not known. Of a live clock, as of now.
    #[must_use]
    pub fn offset_ns(self) -> Option<i128> {
        let now = monotonic_ns().max(1);
        let unix = self.timestamp(now)?.as_nanosecond();
        Some(unix - i128::from(now))
    }

    /// The event's time as a person reads it: local time of day, else seconds of the source's own
    /// clock, else a dash.
    #[must_use]
    pub fn shown(self, time_ns: u64) -> String {
        match self.timestamp(time_ns) {
            Some(time) => time
                .to_zoned(TimeZone::system())
                .strftime("%H:%M:%S%.3f")
                .to_string(),
            None if time_ns == 0 => "-".into(),
            None => format!(
                "{}.{:03}s",
                time_ns / 1_000_000_000,
                time_ns / 1_000_000 % 1000
            ),
        }
    }
}

/// Now by the clock of the events, in nanoseconds; 0 on a system without it, which no Linux is.
///
/// The kernel's own clock, by which the probe tells times, whatever time namespace this process is
/// in.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let now = kernel_monotonic_ns();
    now.and_then(|now| u64::try_from(now).ok()).unwrap_or(0)
}

/// Now by the time of day, nanoseconds since 1970.
#[must_use]
pub fn unix_ns() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The same in seconds.
#[must_use]
pub fn unix_s() -> u64 {
    unix_ns() / 1_000_000_000
}

fn kernel_monotonic_ns() -> Option<i128> {
    // A process stays in the time namespace that it was started in (time_namespaces(7)).
    static OFFSET: LazyLock<i128> = LazyLock::new(|| {
        let offsets = fs::read_to_string("/proc/self/timens_offsets");
        offsets.map_or(0, |text| monotonic_offset_ns(&text))
    });
    Some(nanoseconds(ClockId::CLOCK_MONOTONIC)? - *OFFSET)
}

/// How far the monotonic clock of a time namespace is ahead of the kernel's, by its
/// `timens_offsets`: lines of a clock, seconds and nanoseconds.
fn monotonic_offset_ns(offsets: &str) -> i128 {
    let offset = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        // Linux 5.6, the first with time namespaces, gives the number of the clock in place of its
        // name.
        matches!(words.next()?, "monotonic" | "1").then_some(())?;
        let seconds: i128 = words.next()?.parse().ok()?;
        Some(seconds * 1_000_000_000 + words.next()?.parse::<i128>().ok()?)
    };
    offsets.lines().find_map(offset).unwrap_or(0)
}

fn nanoseconds(clock: ClockId) -> Option<i128> {
    let now = clock_gettime(clock).ok()?;
    Some(i128::from(now.tv_sec()) * 1_000_000_000 + i128::from(now.tv_nsec()))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::{WallClock, monotonic_ns, monotonic_offset_ns};

    #[test]
    fn the_offset_of_a_time_namespace_is_read_as_the_kernel_writes_it() {
        let offset = |text| monotonic_offset_ns(text);
        assert_eq!(
            offset("monotonic           0         0\nboottime            0         0\n"),
            0
        );
        assert_eq!(
            offset("monotonic       86400        50\nboottime           -1         0\n"),
            86_400_000_000_050
        );
        assert_eq!(offset("1 -7 0\n7 5 0\n"), -7_000_000_000);
        assert_eq!(offset(""), 0);
    }

    #[test]
    fn an_event_of_now_happened_now() {
        let shown = WallClock::Live
            .timestamp(monotonic_ns())
            .expect("known")
            .as_second();
        let now = SystemTime::UNIX_EPOCH
            .elapsed()
            .expect("after 1970")
            .as_secs();
        assert!(shown.abs_diff(now as i64) <= 1);
    }

    #[test]
    fn an_anchored_clock_gives_the_recorded_time_and_a_hostile_one_none() {
        let anchored = WallClock::Anchored {
            unix_ns: 1_000_000_000,
            monotonic_ns: 5,
        };
        let time = anchored.timestamp(1_000_000_005).expect("known");
        assert_eq!(time.as_second(), 2);
        assert!(anchored.timestamp(u64::MAX).is_some());
        let late = WallClock::Anchored {
            unix_ns: u64::MAX,
            monotonic_ns: 0,
        };
        // Year 2554 plus 584 more years is still a date.
        assert!(late.timestamp(u64::MAX).is_some());
    }

    #[test]
    fn without_a_wall_clock_seconds_of_the_source_are_shown_and_no_time_is_a_dash() {
        assert_eq!(WallClock::Unknown.shown(12_345_678_901), "12.345s");
        assert_eq!(WallClock::Live.shown(0), "-");
    }
}
