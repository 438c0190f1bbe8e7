//! What the service ever touched: files, addresses, and small numbers such as flags and requests, generalised, each with how
//! often and when it was first seen.
//!
//! Things are kept as they were seen ([`Detail::generalised`]); that a folder of many children stands for all its
//! children is derived from them (see `touched/index.rs`), so that what is learned can be taken back, joined and compared.

mod index;

use std::collections::BTreeMap;

use crate::detail::Detail;
use index::Index;

/// Things beyond that many are not learned.
pub const MOST_THINGS: usize = 1 << 14;

/// A thing that was touched.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Thing {
    /// How often it was told that it was touched. The probe tells it once a run, whoever touches it.
    pub count: u64,
    /// When it was first touched.
    pub first: Sighting,
}

/// When something was first seen, from where learning began.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Sighting {
    /// Calls learned before.
    pub calls: u64,
    /// Milliseconds before.
    pub millis: u64,
}

/// What the service ever touched.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    things: BTreeMap<Detail, Thing>,
    index: Index,
    /// Touches that a folder of many children covers, or that there was no room for.
    others: u64,
}

impl Touched {
    /// What is known, from its parts; things beyond [`MOST_THINGS`] are left out.
    #[must_use]
    pub fn from_parts(things: impl IntoIterator<Item = (Detail, Thing)>, others: u64) -> Self {
        let things: BTreeMap<_, _> = things.into_iter().take(MOST_THINGS).collect();
        Self {
            index: Index::of(things.keys()),
            things,
            others,
        }
    }

    /// Whether nothing was ever told of: by a monitor without details, or from a source that has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Every thing in order.
    #[must_use]
    pub const fn things(&self) -> &BTreeMap<Detail, Thing> {
        &self.things
    }

    /// Touches of things that are not listed: a folder of many children covers them, or there was no room.
    #[must_use]
    pub const fn others(&self) -> u64 {
        self.others
    }

    /// Whether the service is known to touch this, given generalised.
    #[must_use]
    pub fn knows(&self, detail: &Detail) -> bool {
        self.things.contains_key(detail) || self.index.covers(detail)
    }

    /// Whether the service is known to write the file, given generalised: a program in its place is its own making.
    #[must_use]
    pub fn writes(&self, path: &crate::detail::PathText) -> bool {
        self.index.changes(path)
    }

    /// Learns a touch of a thing, given generalised. Whether it was new.
    pub fn learn(&mut self, detail: &Detail, at: Sighting) -> bool {
        if let Some(thing) = self.things.get_mut(detail) {
            thing.count = thing.count.saturating_add(1);
            return false;
        }
        let covered = self.index.covers(detail);
        if covered && self.index.is_wild(detail) || self.things.len() >= MOST_THINGS {
            self.others = self.others.saturating_add(1);
            return !covered;
        }
        self.index.add(detail);
        let first = Thing {
            count: 1,
            first: at,
        };
        self.things.insert(detail.clone(), first);
        !covered
    }

    /// Takes things as known, given generalised, as if they had been there from the beginning.
    pub fn take_up<'a>(&mut self, details: impl IntoIterator<Item = &'a Detail>) {
        for detail in details {
            if !self.knows(detail) {
                self.learn(detail, Sighting::default());
            }
        }
    }

    /// Takes touches back that were learned before.
    pub fn unlearn<'a>(&mut self, details: impl IntoIterator<Item = &'a Detail>) {
        for detail in details {
            match self.things.get_mut(detail) {
                Some(thing) if thing.count > 1 => thing.count -= 1,
                Some(_) => {
                    self.things.remove(detail);
                }
                None => self.others = self.others.saturating_sub(1),
            }
        }
        self.index = Index::of(self.things.keys());
    }

    /// Adds what another profile of the service knows, which learned `calls` calls and `millis` milliseconds after this one.
    pub fn join(&mut self, other: &Self, after: Sighting) {
        for (detail, theirs) in &other.things {
            if let Some(mine) = self.things.get_mut(detail) {
                mine.count = mine.count.saturating_add(theirs.count);
            } else if self.things.len() < MOST_THINGS {
                let first = Sighting {
                    calls: theirs.first.calls.saturating_add(after.calls),
                    millis: theirs.first.millis.saturating_add(after.millis),
                };
                let thing = Thing {
                    count: theirs.count,
                    first,
                };
                self.things.insert(detail.clone(), thing);
            }
        }
        self.others = self.others.saturating_add(other.others);
        self.index = Index::of(self.things.keys());
    }
}

#[cfg(test)]
mod tests;
