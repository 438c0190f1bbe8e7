//! How fast what is new grew less while learning, and whether enough was learned.

use serde::{Deserialize, Serialize};

use crate::profile::sightings::Sightings;

/// Calls of the first stretches; they are joined in pairs when there are [`MOST_STRETCHES`].
const FIRST_STRETCH: u64 = 64;

/// Stretches that are kept, at most; half as many at least, once there were so many.
const MOST_STRETCHES: usize = 40;

/// New n-grams of full length per thousand calls below which a service is settled.
pub const SETTLED_PER_THOUSAND: f64 = 1.0;

/// Calls that must have been that quiet at least: not one new thing among three thousand bounds its
/// rate below one in a thousand with 95% confidence (the rule of three; Hanley & Lippman-Hand,
/// 1983).
pub const SETTLED_LEAST_CALLS: u64 = 3000;

/// Consecutive calls, and what was new in them.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct NoveltyStretch {
    /// Calls.
    pub calls: u64,
    /// N-grams of full length that were never seen before.
    pub new: u64,
    /// How much time passed, seconds.
    pub seconds: f64,
}

/// The curve of novelty over the calls learned.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Novelty {
    stretches: Vec<NoveltyStretch>,
    /// How many calls a stretch holds when it is full; 0 before the first.
    size: u64,
}

/// Since when nothing much was new.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settled {
    /// Calls until then.
    pub calls: u64,
    /// Seconds until then.
    pub seconds: f64,
}

impl Novelty {
    /// Takes note of a call: whether its n-gram was new, and how many seconds passed since the call
    /// before.
    pub fn push(&mut self, is_new: bool, seconds: f64) {
        if self.size == 0 {
            self.size = FIRST_STRETCH;
        }
        if self.stretches.last().is_none_or(|s| s.calls >= self.size) {
            if self.stretches.len() == MOST_STRETCHES {
                self.halve();
            }
            self.stretches.push(NoveltyStretch::default());
        }
        if let Some(last) = self.stretches.last_mut() {
            last.calls += 1;
            last.new += u64::from(is_new);
            last.seconds += seconds;
        }
    }

    fn halve(&mut self) {
        self.stretches = self
            .stretches
            .chunks(2)
            .map(|pair| NoveltyStretch {
                calls: pair.iter().map(|s| s.calls).fold(0, u64::saturating_add),
                new: pair.iter().map(|s| s.new).fold(0, u64::saturating_add),
                seconds: pair.iter().map(|s| s.seconds).sum(),
            })
            .collect();
        self.size = self.size.saturating_mul(2);
    }

    /// Goes on with what another profile learned.
    pub fn append(&mut self, other: &Self) {
        self.stretches.extend(&other.stretches);
        self.size = self.size.max(other.size);
        while self.stretches.len() > MOST_STRETCHES {
            self.halve();
        }
    }

    /// Whether it is a curve that could have been learned.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let limit = 1 << 48;
        self.stretches.len() <= MOST_STRETCHES
            && self.size <= limit
            && self.stretches.iter().all(|stretch| {
                let is_time = stretch.seconds.is_finite() && stretch.seconds >= 0.0;
                stretch.calls <= limit && stretch.new <= stretch.calls && is_time
            })
    }

    /// The stretches in order.
    #[must_use]
    pub fn stretches(&self) -> &[NoveltyStretch] {
        &self.stretches
    }

    /// New n-grams per thousand calls in the stretch that was learned last.
    #[must_use]
    pub fn now(&self) -> Option<f64> {
        let last = self.stretches.iter().rev();
        let full = last.clone().find(|stretch| stretch.calls >= self.size);
        full.or(last.clone().next())
            .map(NoveltyStretch::per_thousand)
    }

    /// Since when the service is settled: the earliest end of a stretch after which fewer than
    /// [`SETTLED_PER_THOUSAND`] n-grams per thousand calls were new, and no call and no name at
    /// all, given that at least the last quarter of the calls and [`SETTLED_LEAST_CALLS`] came
    /// after it. `None` when it is not.
    #[must_use]
    pub fn settled(&self, sightings: &Sightings) -> Option<Settled> {
        let total: u64 = self.stretches.iter().map(|s| s.calls).sum();
        let firsts = sightings.last_calls();
        let mut left: u64 = self.stretches.iter().map(|s| s.new).sum();
        let (mut calls, mut seconds) = (0, 0.0);
        for stretch in &self.stretches {
            calls += stretch.calls;
            seconds += stretch.seconds;
            left -= stretch.new;
            let after = total - calls;
            if after < SETTLED_LEAST_CALLS.max(total / 4) {
                return None;
            }
            #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
            let rate = left as f64 / after as f64;
            if rate * 1000.0 < SETTLED_PER_THOUSAND && firsts <= calls {
                return Some(Settled { calls, seconds });
            }
        }
        None
    }

    /// How many more calls it takes, if nothing new comes among them, until it is settled; 0 when
    /// it is. To a stretch.
    #[must_use]
    pub fn calls_until_settled(&self, sightings: &Sightings) -> u64 {
        if self.settled(sightings).is_some() {
            return 0;
        }
        let total: u64 = self.stretches.iter().map(|s| s.calls).sum();
        let firsts = sightings.last_calls();
        // At least so many come after a cut behind which so many are new.
        let needed = |calls: u64, new: u64| {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rate need not be exact"
            )]
            let few = (new as f64 * 1000.0 / SETTLED_PER_THOUSAND) as u64 + u64::from(new > 0);
            let after = SETTLED_LEAST_CALLS.max(calls.div_ceil(3)).max(few);
            after.saturating_sub(total - calls)
        };
        let mut left: u64 = self.stretches.iter().map(|s| s.new).sum();
        let mut calls = 0;
        let cuts = self.stretches.iter().filter_map(|stretch| {
            calls += stretch.calls;
            left -= stretch.new;
            (firsts <= calls).then(|| needed(calls, left))
        });
        cuts.min().unwrap_or_else(|| needed(total, 0)).max(1)
    }
}

impl NoveltyStretch {
    /// New n-grams per thousand calls.
    #[must_use]
    pub fn per_thousand(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let rate = self.new as f64 / (self.calls.max(1)) as f64;
        rate * 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_STRETCHES, Novelty};
    use crate::profile::class::Class;
    use crate::profile::sightings::{Learned, Sightings};

    fn learned(calls: u64, is_new: impl Fn(u64) -> bool) -> Novelty {
        let mut novelty = Novelty::default();
        (0..calls).for_each(|at| novelty.push(is_new(at), 0.5));
        novelty
    }

    #[test]
    fn however_much_is_learned_the_curve_stays_short() {
        for calls in [1, 63, 64, 65, 2560, 2561, 1_000_000] {
            let novelty = learned(calls, |at| at % 10 == 0);
            let stretches = novelty.stretches();
            assert!(stretches.len() <= MOST_STRETCHES);
            assert!(calls < 2561 || stretches.len() >= MOST_STRETCHES / 2);
            assert_eq!(stretches.iter().map(|s| s.calls).sum::<u64>(), calls);
            assert_eq!(
                stretches.iter().map(|s| s.new).sum::<u64>(),
                calls.div_ceil(10)
            );
        }
    }

    #[test]
    fn it_is_said_how_many_calls_with_nothing_new_are_lacking() {
        let none = Sightings::default();
        for (calls, new) in [(1, 1), (2000, 300), (10_000, 9000), (100_000, 90_000)] {
            let mut novelty = learned(calls, |at| at < new);
            let lacking = novelty.calls_until_settled(&none);
            assert!(lacking > 0, "{calls}");
            let stretch = calls.max(lacking) / 10 + 64;
            (0..lacking.saturating_sub(stretch)).for_each(|_| novelty.push(false, 0.5));
            assert_eq!(novelty.settled(&none), None, "{calls}: {lacking}");
            (0..2 * stretch).for_each(|_| novelty.push(false, 0.5));
            assert_eq!(novelty.calls_until_settled(&none), 0, "{calls}: {lacking}");
            assert!(novelty.settled(&none).is_some(), "{calls}: {lacking}");
        }
        // A call made for the first time begins it anew.
        let novelty = learned(40_000, |at| at < 100);
        let at = Learned {
            calls: 39_990,
            seconds: 0.0,
        };
        let late = Sightings::from_parts([(Class::Call, vec![at])]);
        let lacking = novelty.calls_until_settled(&late);
        assert!((13_000..14_000).contains(&lacking), "{lacking}");
    }

    #[test]
    fn a_service_is_settled_from_where_novelty_stayed_low() {
        let novelty = learned(40_960, |at| at < 5000);
        let settled = novelty.settled(&Sightings::default()).expect("settled");
        assert!((5000..7000).contains(&settled.calls), "{settled:?}");
        let seen = |class, calls| {
            let at = Learned {
                calls,
                seconds: 0.0,
            };
            Sightings::from_parts([(class, vec![at])])
        };
        let late = seen(Class::Name, 20_000);
        let settled = novelty.settled(&late).expect("later");
        assert!((20_000..22_000).contains(&settled.calls), "{settled:?}");
        let too_late = seen(Class::Call, 40_000);
        assert_eq!(novelty.settled(&too_late), None);
        assert_eq!(
            learned(40_960, |at| at % 500 == 0).settled(&Sightings::default()),
            None
        );
        assert_eq!(
            learned(2000, |_| false).settled(&Sightings::default()),
            None,
            "too few to say"
        );
    }
}
