//! When so many calls are lost, for so long, that a service is not watched any more.
//!
//! A gap now and then costs a thread its context. Gaps that go on cost everything: a program that
//! floods the monitor does it to every thread beside it. So sustained loss is a statement of its
//! own.

use std::collections::HashSet;
use std::sync::Arc;

/// How long gaps must go on, nanoseconds.
pub const SUSTAINED_NS: u64 = 3_000_000_000;

/// How far apart two gaps are at most that belong together, nanoseconds.
pub const CONTINUOUS_NS: u64 = 1_000_000_000;

/// Calls a second that a gap lost at least, on average, if calls were lost all along it: of fewer
/// the thread may have slept, and lost them in a moment.
pub const ALL_ALONG_PER_S: u64 = 100;

/// How long no gap must come for a service to be seen again, nanoseconds.
pub const SEEN_AGAIN_NS: u64 = 5_000_000_000;

/// Threads that are told apart at most.
const MOST_THREADS: usize = 1 << 12;

/// A service is not seen any more, or is seen again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Blind {
    /// The service; empty where nobody named one.
    pub service: Arc<str>,
    /// Since when calls are lost, by the clock of the events.
    pub since_ns: u64,
    /// When the last call was lost, if it is seen again.
    pub until_ns: Option<u64>,
    /// Calls that were lost since then.
    pub lost: u64,
    /// Threads that lost calls; at most 4096 are told apart.
    pub threads: u64,
}

/// Watches for sustained loss.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blindness {
    service: Arc<str>,
    spell: Option<Spell>,
    /// Nanoseconds of the spells that are over.
    past_ns: u64,
}

/// Gaps that go on.
#[derive(Clone, Debug, Default)]
struct Spell {
    since_ns: u64,
    last_ns: u64,
    lost: u64,
    threads: HashSet<u32>,
    reported: bool,
}

impl Blindness {
    /// Of this service.
    pub(crate) fn new(service: Arc<str>) -> Self {
        Self {
            service,
            ..Self::default()
        }
    }

    /// A thread lost calls after one of the time `from_ns`, 0 where none came before, and before
    /// one of the time `time_ns`. Sources without times cannot say how long anything lasts.
    pub(crate) fn lose(
        &mut self,
        thread: u32,
        lost: u64,
        from_ns: u64,
        time_ns: u64,
    ) -> Option<Blind> {
        if time_ns == 0 {
            return None;
        }
        let since_ns = begin_ns(lost, from_ns, time_ns);
        let spell = self.spell.get_or_insert_with(|| Spell {
            since_ns,
            last_ns: time_ns,
            ..Spell::default()
        });
        if !spell.reported && since_ns.saturating_sub(spell.last_ns) > CONTINUOUS_NS {
            *spell = Spell {
                since_ns,
                ..Spell::default()
            };
        }
        // Once it is reported, it is known by its beginning.
        if !spell.reported {
            spell.since_ns = spell.since_ns.min(since_ns);
        }
        spell.last_ns = spell.last_ns.max(time_ns);
        spell.lost = spell.lost.saturating_add(lost);
        if spell.threads.len() < MOST_THREADS {
            spell.threads.insert(thread);
        }
        let sustained = spell.last_ns.saturating_sub(spell.since_ns) >= SUSTAINED_NS;
        if spell.reported || !sustained {
            return None;
        }
        spell.reported = true;
        Some(statement(&self.service, spell, None))
    }

    /// Time passes: tells when the service is seen again.
    pub(crate) fn advance(&mut self, time_ns: u64) -> Option<Blind> {
        let spell = self.spell.as_ref()?;
        if time_ns.saturating_sub(spell.last_ns) < SEEN_AGAIN_NS {
            return None;
        }
        self.finish()
    }

    /// No more calls come.
    pub(crate) fn finish(&mut self) -> Option<Blind> {
        let spell = self.spell.take().filter(|spell| spell.reported)?;
        let lasted = spell.last_ns.saturating_sub(spell.since_ns);
        self.past_ns = self.past_ns.saturating_add(lasted);
        Some(statement(&self.service, &spell, Some(spell.last_ns)))
    }

    /// Since when nothing is seen, if that is so now.
    pub(crate) fn since_ns(&self) -> Option<u64> {
        let spell = self.spell.as_ref().filter(|spell| spell.reported);
        spell.map(|spell| spell.since_ns)
    }

    /// How long it was in all, nanoseconds.
    pub(crate) fn total_ns(&self) -> u64 {
        let now = self.spell.as_ref().filter(|spell| spell.reported);
        let now = now.map_or(0, |spell| spell.last_ns.saturating_sub(spell.since_ns));
        self.past_ns.saturating_add(now)
    }
}

/// Since when a gap's calls were lost.
fn begin_ns(lost: u64, from_ns: u64, until_ns: u64) -> u64 {
    let length_ns = until_ns.saturating_sub(from_ns);
    let least = u128::from(length_ns) * u128::from(ALL_ALONG_PER_S) / 1_000_000_000;
    let is_all_along = from_ns > 0 && u128::from(lost) >= least;
    if is_all_along {
        from_ns.min(until_ns)
    } else {
        until_ns
    }
}

fn statement(service: &Arc<str>, spell: &Spell, until_ns: Option<u64>) -> Blind {
    Blind {
        service: Arc::clone(service),
        since_ns: spell.since_ns,
        until_ns,
        lost: spell.lost,
        threads: spell.threads.len() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::Blindness;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn loss_that_goes_on_is_reported_once_and_its_end_too() {
        let mut blindness = Blindness::new("web".into());
        let at = |tenths: u64| 100 * SECOND + tenths * SECOND / 10;
        let told: Vec<_> = (0..100)
            .filter_map(|n| blindness.lose(n as u32 % 3, 2, 0, at(n)))
            .collect();
        let [opened] = &told[..] else {
            panic!("once: {told:?}");
        };
        assert_eq!((opened.since_ns, opened.until_ns), (at(0), None));
        assert_eq!(
            (opened.lost, opened.threads),
            (62, 3),
            "after three seconds"
        );
        assert_eq!(blindness.since_ns(), Some(at(0)));
        assert_eq!(blindness.advance(at(120)), None);
        let closed = blindness.advance(at(150)).expect("five seconds later");
        assert_eq!((closed.until_ns, closed.lost), (Some(at(99)), 200));
        assert_eq!(blindness.since_ns(), None);
        assert_eq!(blindness.total_ns(), 99 * SECOND / 10);
        assert_eq!(blindness.advance(at(900)), None);
    }

    #[test]
    fn gaps_now_and_then_are_none_and_no_time_says_nothing() {
        let mut blindness = Blindness::new("web".into());
        for n in 1..100 {
            assert_eq!(
                blindness.lose(1, 9, (n * 2 - 1) * SECOND, n * 2 * SECOND),
                None
            );
            assert_eq!(blindness.lose(1, 9, 0, 0), None);
        }
        assert_eq!(blindness.finish(), None);
    }

    #[test]
    fn one_long_gap_is_enough_if_calls_were_lost_all_along_it() {
        let mut blindness = Blindness::new("web".into());
        let told = blindness.lose(1, 1_000_000, 10 * SECOND, 60 * SECOND);
        let told = told.expect("fifty seconds of calls");
        assert_eq!((told.since_ns, told.lost), (10 * SECOND, 1_000_000));
        // Another's began earlier: what was said stays.
        assert_eq!(blindness.lose(2, 90_000, 9 * SECOND, 61 * SECOND), None);
        assert_eq!(blindness.since_ns(), Some(10 * SECOND));
        let over = blindness.advance(66 * SECOND).expect("it is seen again");
        assert_eq!((over.until_ns, over.threads), (Some(61 * SECOND), 2));
        assert_eq!(blindness.total_ns(), 51 * SECOND);
    }

    #[test]
    fn a_thread_that_slept_and_lost_a_few_calls_is_not_blind() {
        let mut blindness = Blindness::new("web".into());
        assert_eq!(blindness.lose(1, 4_000, 10 * SECOND, 60 * SECOND), None);
        assert_eq!(blindness.finish(), None);
        // Nothing came before: nobody knows since when.
        assert_eq!(blindness.lose(1, 4_000, 0, 60 * SECOND), None);
    }
}
