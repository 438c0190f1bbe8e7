//! When so many calls are lost, for so long, that a service is not watched any more.
//!
//! A gap now and then costs a thread its context. Gaps that go on cost everything: a program that floods the monitor does it to
//! every thread beside it. So sustained loss is a statement of its own.

use std::collections::HashSet;
use std::sync::Arc;

/// How long gaps must go on, nanoseconds.
pub const SUSTAINED_NS: u64 = 3_000_000_000;

/// How far apart two gaps are at most that belong together, nanoseconds.
pub const CONTINUOUS_NS: u64 = 1_000_000_000;

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
    pub fn new(service: Arc<str>) -> Self {
        Self {
            service,
            ..Self::default()
        }
    }

    /// A thread lost calls before one of this time. Sources without times cannot say how long anything lasts.
    pub fn lose(&mut self, thread: u32, lost: u64, time_ns: u64) -> Option<Blind> {
        if time_ns == 0 {
            return None;
        }
        let spell = self.spell.get_or_insert_with(|| Spell {
            since_ns: time_ns,
            last_ns: time_ns,
            ..Spell::default()
        });
        if !spell.reported && time_ns.saturating_sub(spell.last_ns) > CONTINUOUS_NS {
            *spell = Spell {
                since_ns: time_ns,
                ..Spell::default()
            };
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
    pub fn advance(&mut self, time_ns: u64) -> Option<Blind> {
        let spell = self.spell.as_ref()?;
        if time_ns.saturating_sub(spell.last_ns) < SEEN_AGAIN_NS {
            return None;
        }
        self.finish()
    }

    /// No more calls come.
    pub fn finish(&mut self) -> Option<Blind> {
        let spell = self.spell.take().filter(|spell| spell.reported)?;
        let lasted = spell.last_ns.saturating_sub(spell.since_ns);
        self.past_ns = self.past_ns.saturating_add(lasted);
        Some(statement(&self.service, &spell, Some(spell.last_ns)))
    }

    /// Since when nothing is seen, if that is so now.
    pub fn since_ns(&self) -> Option<u64> {
        let spell = self.spell.as_ref().filter(|spell| spell.reported);
        spell.map(|spell| spell.since_ns)
    }

    /// How long it was in all, nanoseconds.
    pub fn total_ns(&self) -> u64 {
        let now = self.spell.as_ref().filter(|spell| spell.reported);
        let now = now.map_or(0, |spell| spell.last_ns.saturating_sub(spell.since_ns));
        self.past_ns.saturating_add(now)
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
            .filter_map(|n| blindness.lose(n as u32 % 3, 2, at(n)))
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
            assert_eq!(blindness.lose(1, 9, n * 2 * SECOND), None);
            assert_eq!(blindness.lose(1, 9, 0), None);
        }
        assert_eq!(blindness.finish(), None);
    }
}
