//! What the service ever touched: files, addresses, and small numbers such as flags and requests,
//! generalised, each with how often and when it was first seen.
//!
//! Things are kept as they were seen ([`Detail::generalised`]); that a folder of many children
//! stands for all its children is derived from them (see `touched/index.rs`), so that what is
//! learned can be taken back, joined and compared.

mod index;

pub mod outcomes;

use std::collections::BTreeMap;

use crate::detail::{Detail, Outcome};
use index::Index;
use outcomes::Outcomes;

/// Things beyond that many are not learned.
pub const MOST_THINGS: usize = 1 << 14;

/// A thing that was touched.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Thing {
    /// How often it was told that it was touched. The probe tells it once a run, whoever touches
    /// it.
    pub count: u64,
    /// When it was first touched.
    pub first: Sighting,
    /// How that went, where that is known.
    pub outcomes: Outcomes,
}

/// What is new in a touch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum News {
    /// The service never touched the thing.
    Thing,
    /// It did, and it never went that way.
    Outcome(Outcome),
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

    /// Whether nothing was ever told of: by a monitor without details, or from a source that has
    /// none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Every thing in order.
    #[must_use]
    pub const fn things(&self) -> &BTreeMap<Detail, Thing> {
        &self.things
    }

    /// Every thing with each outcome that was learned of it, and once without where none was.
    pub fn touches(&self) -> impl Iterator<Item = (&Detail, Option<Outcome>)> {
        self.things.iter().flat_map(|(detail, thing)| {
            let outcomes: Vec<_> = thing.outcomes.all().map(|(it, _)| Some(it)).collect();
            let none = outcomes.is_empty().then_some(None);
            outcomes.into_iter().chain(none).map(move |it| (detail, it))
        })
    }

    /// Touches of things that are not listed: a folder of many children covers them, or there was
    /// no room.
    #[must_use]
    pub const fn others(&self) -> u64 {
        self.others
    }

    /// Whether the service is known to touch this, given generalised.
    #[must_use]
    pub fn knows(&self, detail: &Detail) -> bool {
        self.things.contains_key(detail) || self.index.covers(detail)
    }

    /// Whether the service is known to write the file, given generalised: a program in its place is
    /// its own making.
    #[must_use]
    pub fn writes(&self, path: &crate::detail::PathText) -> bool {
        self.index.changes(path)
    }

    /// What is new to the service in a touch of this thing, given generalised, that went this way.
    #[must_use]
    pub fn news(&self, detail: &Detail, outcome: Option<Outcome>) -> Option<News> {
        if let Some(thing) = self.things.get(detail) {
            let news = outcome.filter(|&it| thing.outcomes.is_news(it));
            return news.map(News::Outcome);
        }
        // A shell looks for a program in every folder of its path: one that is not there was not
        // run.
        let ran = !(detail.runs() && outcome == Some(Outcome::NotThere));
        (ran && !self.index.covers(detail)).then_some(News::Thing)
    }

    /// Learns a touch of a thing, given generalised, and how it went. What was new in it.
    pub fn learn(
        &mut self,
        detail: &Detail,
        outcome: Option<Outcome>,
        at: Sighting,
    ) -> Option<News> {
        let news = self.news(detail, outcome);
        if let Some(thing) = self.things.get_mut(detail) {
            thing.count = thing.count.saturating_add(1);
            if let Some(outcome) = outcome {
                thing.outcomes.learn(outcome);
            }
            return news;
        }
        let covered = news.is_none();
        if covered && self.index.is_wild(detail) || self.things.len() >= MOST_THINGS {
            self.others = self.others.saturating_add(1);
            return news;
        }
        self.index.add(detail);
        let first = Thing {
            count: 1,
            first: at,
            outcomes: outcome.map(|it| (it, 1)).into_iter().collect(),
        };
        self.things.insert(detail.clone(), first);
        news
    }

    /// Takes touches as known, their things given generalised, as if they had been there from the
    /// beginning.
    pub fn take_up<'a>(
        &mut self,
        touches: impl IntoIterator<Item = (&'a Detail, Option<Outcome>)>,
    ) {
        for (detail, outcome) in touches {
            if self.news(detail, outcome).is_some() {
                self.learn(detail, outcome, Sighting::default());
            }
        }
    }

    /// Takes touches back that were learned before.
    pub fn unlearn<'a>(
        &mut self,
        touches: impl IntoIterator<Item = (&'a Detail, Option<Outcome>)>,
    ) {
        for (detail, outcome) in touches {
            match self.things.get_mut(detail) {
                Some(thing) if thing.count > 1 => {
                    thing.count -= 1;
                    if let Some(outcome) = outcome {
                        thing.outcomes.unlearn(outcome);
                    }
                }
                Some(_) => {
                    self.things.remove(detail);
                }
                None => self.others = self.others.saturating_sub(1),
            }
        }
        self.index = Index::of(self.things.keys());
    }

    /// Adds what another profile of the service knows, which learned `calls` calls and `millis`
    /// milliseconds after this one.
    pub fn join(&mut self, other: &Self, after: Sighting) {
        for (detail, theirs) in &other.things {
            if let Some(mine) = self.things.get_mut(detail) {
                mine.count = mine.count.saturating_add(theirs.count);
                mine.outcomes.join(theirs.outcomes);
            } else if self.things.len() < MOST_THINGS {
                let first = Sighting {
                    calls: theirs.first.calls.saturating_add(after.calls),
                    millis: theirs.first.millis.saturating_add(after.millis),
                };
                self.things
                    .insert(detail.clone(), Thing { first, ..*theirs });
            }
        }
        self.others = self.others.saturating_add(other.others);
        self.index = Index::of(self.things.keys());
    }
}

#[cfg(test)]
mod tests;
