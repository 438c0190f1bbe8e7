//! When a service did something for the first time, by class.

use std::collections::BTreeMap;

use crate::profile::class::Class;
use crate::syscall::flight::Flight;

/// Sightings that are kept of a class, the latest ones: the latest e-folds are what is counted.
pub const MOST_SIGHTINGS: usize = 1024;

/// E-folds of the time learned, up to now, from which a service's own rates come.
pub const FOLDS: f64 = 2.0;

/// Calls a second that stand for the time of a source that has none. An assumption.
pub const ASSUMED_CALLS_PER_SECOND: f64 = 1000.0;

/// How much was learned: the clock of sightings.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Learned {
    /// Calls.
    pub calls: u64,
    /// Time, seconds; 0 in sources without.
    pub seconds: f64,
}

/// Where in a thread's life a call is made.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Place {
    /// The life.
    pub life: u64,
    /// Calls of it before this one.
    pub seq: u64,
}

/// New things as they were learned. What one thread did first within the calls of one flight counts
/// as one, by class: it would have been one alarm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sightings {
    classes: BTreeMap<Class, Vec<Learned>>,
    /// Where the latest of each class was.
    latest: BTreeMap<Class, Place>,
}

impl Sightings {
    /// Sightings in the order in which they came, by class.
    #[must_use]
    pub fn from_parts(parts: impl IntoIterator<Item = (Class, Vec<Learned>)>) -> Self {
        Self {
            classes: parts.into_iter().collect(),
            latest: BTreeMap::new(),
        }
    }

    /// Notes that something of a class was new, after so much was learned.
    pub fn push(&mut self, class: Class, at: Learned, place: Place) {
        let before = self.latest.insert(class, place);
        let same = |before: Place| {
            let calls = place.seq.saturating_sub(before.seq);
            before.life == place.life && calls < Flight::CALLS as u64
        };
        if !before.is_some_and(same) {
            self.add(class, at);
        }
    }

    fn add(&mut self, class: Class, at: Learned) {
        let sightings = self.classes.entry(class).or_default();
        sightings.push(at);
        if sightings.len() > MOST_SIGHTINGS {
            sightings.remove(0);
        }
    }

    /// Ends what is under way: lives are numbered anew.
    pub fn end_source(&mut self) {
        self.latest.clear();
    }

    /// The sightings of every class that has some, oldest first.
    pub fn classes(&self) -> impl Iterator<Item = (Class, &[Learned])> {
        self.classes.iter().map(|(&class, all)| (class, &all[..]))
    }

    /// The sightings of a class, oldest first.
    #[must_use]
    pub fn of(&self, class: Class) -> &[Learned] {
        self.classes.get(&class).map_or(&[], Vec::as_slice)
    }

    /// Calls learned until the service itself did something new for the last time, it included.
    #[must_use]
    pub fn last_calls(&self) -> u64 {
        let of_service = self.classes().filter(|(class, _)| !class.is_of_name());
        let last = of_service.filter_map(|(_, all)| all.last());
        last.map(|it| it.calls.saturating_add(1)).max().unwrap_or(0)
    }

    /// How many of a class came in the last [`FOLDS`] e-folds of what was learned.
    #[must_use]
    pub fn lately(&self, class: Class, learned: Learned) -> u64 {
        let from = learned.exposure() * (-FOLDS).exp();
        let timed = learned.seconds > 0.0;
        let sightings = self.of(class);
        let early = sightings.partition_point(|it| it.exposure_if(timed) < from);
        (sightings.len() - early) as u64
    }

    /// Adds the latest `new` sightings of each class of another profile, as if it had been learned
    /// after `learned`.
    pub fn append(&mut self, other: &Self, learned: Learned, new: impl Fn(Class) -> usize) {
        for (class, theirs) in other.classes() {
            let from = theirs.len().saturating_sub(new(class));
            for at in &theirs[from..] {
                self.add(class, learned.and(*at));
            }
        }
    }
}

impl Learned {
    /// The time learned, seconds: what new things become rarer with. At least a second, and by the
    /// count of calls where there is no time.
    #[must_use]
    pub fn exposure(self) -> f64 {
        self.exposure_if(self.seconds > 0.0).max(1.0)
    }

    fn exposure_if(self, timed: bool) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "exact to 2^53 calls")]
        let calls = self.calls as f64;
        if timed {
            self.seconds
        } else {
            calls / ASSUMED_CALLS_PER_SECOND
        }
    }

    /// So much and then so much more.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(more.calls),
            seconds: self.seconds + more.seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Learned, MOST_SIGHTINGS, Place, Sightings};
    use crate::profile::class::Class;

    fn at(seconds: f64) -> Learned {
        Learned { calls: 9, seconds }
    }

    #[test]
    fn what_one_thread_did_in_one_flight_is_one_sighting() {
        let mut sightings = Sightings::default();
        for (life, seq) in [(1, 0), (1, 400), (1, 900), (2, 901), (1, 1500)] {
            sightings.push(Class::Call, at(1.0), Place { life, seq });
        }
        sightings.push(Class::Name, at(1.0), Place { life: 1, seq: 1501 });
        assert_eq!(sightings.of(Class::Call).len(), 3);
        assert_eq!(sightings.of(Class::Name).len(), 1);
    }

    #[test]
    fn only_the_latest_e_folds_are_counted() {
        let sightings =
            Sightings::from_parts([(Class::Call, [1.0, 5.0, 20.0, 90.0].map(at).into())]);
        // 100 e^-2 = 13.5
        assert_eq!(sightings.lately(Class::Call, at(100.0)), 2);
        assert_eq!(sightings.lately(Class::Name, at(100.0)), 0);
    }

    #[test]
    fn however_much_is_new_the_list_stays_short() {
        let mut sightings = Sightings::default();
        for life in 0..3000 {
            sightings.push(Class::Name, at(life as f64), Place { life, seq: 0 });
        }
        let kept = sightings.of(Class::Name);
        assert_eq!(kept.len(), MOST_SIGHTINGS);
        assert_eq!(kept.last(), Some(&at(2999.0)));
    }
}
