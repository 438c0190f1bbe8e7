//! What the service ever did: the calls that it made, the names that its processes had, and which
//! of the ones made which of the others.
//!
//! Something new is worth `−ln λ` nats, `λ` being how many of its class this service comes up with
//! in an e-fold of the time learned ([`prior`](crate::profile::prior)): nothing while that is one
//! or more, and the more the rarer it is.

mod evidence;

use std::collections::{BTreeMap, HashMap};

use crate::profile::class::Class;
use crate::profile::first_seen::First;
use crate::profile::prior::Priors;
use crate::profile::sightings::{FOLDS, Learned, Place, Sightings};
use crate::profile::vocabulary::Vocabulary;
use crate::syscall::event::{Call, Comm};

pub use evidence::{evidence, worth};

/// Names beyond that many are not learned.
pub const MOST_NAMES: usize = 1024;

/// The calls that processes of one name made, as a set of tokens.
type CallSet = Vec<u64>;

/// What the service ever did.
#[derive(Clone, Debug, Default)]
pub struct Known {
    names: HashMap<Comm, u32>,
    /// By the number of the name.
    sets: Vec<CallSet>,
    /// By the number of the name: the life that brought it, while that is known.
    brought_by: HashMap<u32, u64>,
    sightings: Sightings,
    learned: Learned,
    priors: Priors,
}

/// A name with its runs of digits made alike (`worker-12` and `worker-7` become `worker-#`), since
/// programs number their threads.
#[must_use]
pub fn family(comm: Comm) -> Comm {
    let mut name = Vec::with_capacity(16);
    for &byte in comm.as_bytes() {
        if !byte.is_ascii_digit() {
            name.push(byte);
        } else if name.last() != Some(&b'#') {
            name.push(b'#');
        }
    }
    Comm::new(&name)
}

impl Known {
    /// What is known, from its parts: the tokens that each name's processes made, when things were
    /// first seen, and how much was learned. Names beyond [`MOST_NAMES`] and tokens outside of the
    /// vocabulary are left out.
    #[must_use]
    pub fn from_parts(
        names: impl IntoIterator<Item = (Comm, Vec<u32>)>,
        sightings: Sightings,
        learned: Learned,
    ) -> Self {
        let mut known = Self {
            sightings,
            learned,
            ..Self::default()
        };
        for (name, tokens) in names {
            let Some(name) = known.add_name(name) else {
                break;
            };
            for token in tokens.into_iter().filter(|&t| t < Vocabulary::SIZE) {
                insert(&mut known.sets[name as usize], token);
            }
        }
        known
    }

    /// Every name (as [`family`] makes it) with the tokens that its processes made, in order.
    #[must_use]
    pub fn names(&self) -> BTreeMap<Comm, Vec<u32>> {
        let tokens = |&id: &u32| {
            let set = &self.sets[id as usize];
            (0..Vocabulary::SIZE).filter(|&t| holds(set, t)).collect()
        };
        self.names
            .iter()
            .map(|(&name, id)| (name, tokens(id)))
            .collect()
    }

    /// When things were first seen.
    #[must_use]
    pub const fn sightings(&self) -> &Sightings {
        &self.sightings
    }

    /// How much was learned.
    #[must_use]
    pub const fn learned(&self) -> Learned {
        self.learned
    }

    /// The number of a name, if it is known. Ask once for each name of a thread.
    #[must_use]
    pub fn name(&self, comm: Comm) -> Option<u32> {
        self.names.get(&family(comm)).copied()
    }

    /// Whether processes of the name of this number made this call before.
    #[must_use]
    pub fn made(&self, name: u32, token: u32) -> bool {
        holds(&self.sets[name as usize], token)
    }

    fn add_name(&mut self, comm: Comm) -> Option<u32> {
        let next = self.sets.len();
        let family = family(comm);
        if let Some(&name) = self.names.get(&family) {
            return Some(name);
        }
        if next >= MOST_NAMES {
            return None;
        }
        let name = u32::try_from(next).ok()?;
        self.names.insert(family, name);
        self.sets.push(vec![0; Vocabulary::SIZE as usize / 64]);
        Some(name)
    }

    /// Learns that a process of this name made a call of this token at that place of its life,
    /// `seconds` after the call before; `is_new` says that the service never made it before.
    pub fn learn(
        &mut self,
        comm: Comm,
        (call, token): (Call, u32),
        is_new: bool,
        seconds: f64,
        place: Place,
    ) {
        let at = Learned {
            calls: self.learned.calls,
            seconds: self.learned.seconds + seconds,
        };
        self.learned = Learned {
            calls: at.calls + 1,
            ..at
        };
        if is_new {
            self.sightings.push(Class::of_call(call), at, place);
        }
        let names = self.sets.len();
        let Some(name) = self.add_name(comm) else {
            // Nobody knows whether such a name was there before: it counts as new whenever it
            // comes.
            self.sightings.push(Class::Name, at, place);
            return;
        };
        if self.sets.len() > names {
            self.sightings.push(Class::Name, at, place);
            self.brought_by.insert(name, place.life);
        }
        if insert(&mut self.sets[name as usize], token) && !is_new {
            // To the watch, what a program does in the life in which it is new is no news beside
            // it.
            if self.brought_by.get(&name) != Some(&place.life) {
                self.sightings.push(Class::of_call_of_name(call), at, place);
            }
        }
    }

    /// Learns that something of this class was touched for the first time.
    pub fn learn_touch(&mut self, class: Class, place: Place) {
        self.sightings.push(class, self.learned, place);
    }

    /// Ends a source: the threads of the next are others.
    pub fn end_source(&mut self) {
        self.sightings.end_source();
        self.brought_by.clear();
    }

    /// Takes a call of a name as known, without counting it as learned.
    pub fn accept(&mut self, comm: Comm, token: u32) {
        if let Some(name) = self.add_name(comm) {
            insert(&mut self.sets[name as usize], token);
        }
    }

    /// Adds what another service's profile knows, whose token `t` is `tokens(t)` here, of whose
    /// calls `new_calls` were new and whose call of a token is `calls(t)`. When those things were
    /// seen is not told of each: the latest sightings count, so that evidence is rather weaker.
    pub fn join(
        &mut self,
        other: &Self,
        tokens: impl Fn(u32) -> u32,
        new_calls: &[Call],
        calls: impl Fn(u32) -> Option<Call>,
    ) {
        let mut new: BTreeMap<Class, usize> = BTreeMap::new();
        for &call in new_calls {
            *new.entry(Class::of_call(call)).or_default() += 1;
        }
        for (name, theirs) in other.names() {
            let names = self.sets.len();
            let Some(mine) = self.add_name(name) else {
                *new.entry(Class::Name).or_default() += 1;
                continue;
            };
            *new.entry(Class::Name).or_default() += self.sets.len() - names;
            for token in theirs {
                let is_new = insert(&mut self.sets[mine as usize], tokens(token));
                if let Some(call) = calls(token).filter(|_| is_new) {
                    *new.entry(Class::of_call_of_name(call)).or_default() += 1;
                }
            }
        }
        let new = |class| new.get(&class).copied().unwrap_or(0);
        self.sightings.append(&other.sightings, self.learned, new);
        self.learned = self.learned.and(other.learned);
    }

    /// What is known of services in general.
    #[must_use]
    pub const fn priors(&self) -> &Priors {
        &self.priors
    }

    /// Judges by other priors than those that were fitted; they are not kept in a file.
    pub fn set_priors(&mut self, priors: Priors) {
        self.priors = priors;
    }

    /// How many new things of a class this service comes up with in an e-fold of the time learned.
    #[must_use]
    pub fn rate(&self, class: Class) -> f64 {
        let prior = self.priors.of(class);
        #[expect(clippy::cast_precision_loss, reason = "at most MOST_SIGHTINGS")]
        let lately = self.sightings.lately(class, self.learned) as f64;
        (prior.shape + lately) / (prior.folds + FOLDS)
    }

    /// What one file or flag that is new is worth, nats, and below zero where more than one comes
    /// in an e-fold: see [`evidence`].
    #[must_use]
    pub fn touch_alone(&self) -> f64 {
        -self.rate(Class::Touch).ln()
    }

    /// What something new is worth, nats.
    #[must_use]
    pub fn nats(&self, what: &First) -> f64 {
        worth(self.rate(what.class()))
    }
}

fn holds(set: &[u64], token: u32) -> bool {
    set.get(token as usize / 64)
        .is_some_and(|word| word >> (token % 64) & 1 == 1)
}

fn insert(set: &mut [u64], token: u32) -> bool {
    let word = &mut set[token as usize / 64];
    let is_new = *word >> (token % 64) & 1 == 0;
    *word |= 1 << (token % 64);
    is_new
}

#[cfg(test)]
mod tests;
