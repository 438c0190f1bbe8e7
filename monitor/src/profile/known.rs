//! What the service ever did: the calls that it made, the names that its processes had, and which of the ones made
//! which of the others.
//!
//! Something new is worth as many nats as the profile is settled: `−ln r`, where `r` estimates how often a call is the first
//! sighting of its kind, from the later half of what was learned (Laplace's rule of succession, so that a profile that
//! found nothing new in `n` calls says `1 / (n + 1)`). While novelty still falls, new things are worth little.

mod privileged;

use std::collections::{BTreeMap, HashMap};

use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::vocabulary::Vocabulary;
use crate::syscall::event::Comm;
use crate::syscall::flight::Flight;

pub use privileged::is_privileged;

/// Names beyond that many are not learned.
pub const MOST_NAMES: usize = 1024;

/// How much rarer than others a call is, as something new, that only a privileged process has a use for: one in a
/// thousand. An assumption, not a measurement.
const PRIVILEGED_NATS: f64 = 6.907_755_278_982_137;

/// What each further touched thing adds: four in five new things come with another. An assumption, not a measurement.
const BESIDE_NATS: f64 = 0.223_143_551_314_209_7;

/// The calls that processes of one name made, as a set of tokens.
type CallSet = Vec<u64>;

/// When things were seen for the first time: the count of calls learned before, in order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sightings {
    /// Of calls.
    pub calls: Vec<u64>,
    /// Of names.
    pub names: Vec<u64>,
    /// Of calls of a name.
    pub calls_of_names: Vec<u64>,
}

/// What the service ever did.
#[derive(Clone, Debug, Default)]
pub struct Known {
    names: HashMap<Comm, u32>,
    /// By the number of the name.
    sets: Vec<CallSet>,
    sightings: Sightings,
    learned: u64,
}

/// A name with its runs of digits made alike (`worker-12` and `worker-7` become `worker-#`), since programs number their
/// threads.
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
    /// What is known, from its parts: the tokens that each name's processes made, when things were first seen, and how
    /// many calls were learned from. Names beyond [`MOST_NAMES`] and tokens outside of the vocabulary are left out.
    #[must_use]
    pub fn from_parts(
        names: impl IntoIterator<Item = (Comm, Vec<u32>)>,
        sightings: Sightings,
        learned: u64,
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

    /// Calls learned from.
    #[must_use]
    pub const fn learned(&self) -> u64 {
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

    /// Learns that a process of this name made a call of this token; `is_new` says that the service never made it
    /// before.
    pub fn learn(&mut self, comm: Comm, token: u32, is_new: bool) {
        let at = self.learned;
        self.learned += 1;
        if is_new {
            self.sightings.calls.push(at);
        }
        let names = self.sets.len();
        let Some(name) = self.add_name(comm) else {
            return;
        };
        if self.sets.len() > names {
            self.sightings.names.push(at);
        }
        if insert(&mut self.sets[name as usize], token) && !is_new {
            self.sightings.calls_of_names.push(at);
        }
    }

    /// Takes a call of a name as known, without counting it as learned.
    pub fn accept(&mut self, comm: Comm, token: u32) {
        if let Some(name) = self.add_name(comm) {
            insert(&mut self.sets[name as usize], token);
        }
    }

    /// Adds what another service's profile knows, whose token `t` is `tokens(t)` here and of whose calls `new_calls` were new.
    /// When those things were seen is not told of each: the latest sightings count, so that evidence is rather weaker.
    pub fn join(&mut self, other: &Self, tokens: impl Fn(u32) -> u32, new_calls: usize) {
        let (mut new_names, mut new_pairs) = (0, 0);
        for (name, theirs) in other.names() {
            let names = self.sets.len();
            let Some(mine) = self.add_name(name) else {
                break;
            };
            new_names += self.sets.len() - names;
            for token in theirs {
                new_pairs += usize::from(insert(&mut self.sets[mine as usize], tokens(token)));
            }
        }
        let learned = self.learned;
        let latest = |mine: &mut Vec<u64>, theirs: &[u64], new: usize| {
            let from = theirs.len().saturating_sub(new);
            mine.extend(theirs[from..].iter().map(|at| at.saturating_add(learned)));
        };
        let (mine, theirs) = (&mut self.sightings, &other.sightings);
        latest(&mut mine.calls, &theirs.calls, new_calls);
        latest(&mut mine.names, &theirs.names, new_names);
        latest(&mut mine.calls_of_names, &theirs.calls_of_names, new_pairs);
        self.learned = learned.saturating_add(other.learned);
    }

    /// What something new is worth, nats.
    #[must_use]
    pub fn nats(&self, what: &First) -> f64 {
        let (sightings, call) = match what {
            First::Call(call) => (&self.sightings.calls, Some(*call)),
            First::Name(_) => (&self.sightings.names, None),
            First::CallOfName(_, call) => (&self.sightings.calls_of_names, Some(*call)),
            // Its weight comes from the whole profile: `Profile::touch_nats`.
            First::Touch(_) => return 0.0,
        };
        let half = self.learned / 2;
        let late = sightings.len() - sightings.partition_point(|&at| at < half);
        #[expect(clippy::cast_precision_loss, reason = "exact to 2^53 calls")]
        let rate = (late as f64 + 1.0) / ((self.learned - half) as f64 + 1.0);
        let privileged = call.is_some_and(is_privileged);
        -rate.min(1.0).ln() + if privileged { PRIVILEGED_NATS } else { 0.0 }
    }
}

/// The evidence of several new things within one flight, nats: the strongest counts in full, each further one less what it
/// takes to find it anywhere among the flight's calls.
#[must_use]
pub fn evidence<'a>(events: impl IntoIterator<Item = &'a FirstSeen>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let anywhere = (Flight::CALLS as f64).ln();
    let mut strongest = 0.0_f64;
    let mut all = 0.0;
    let mut touches: Option<f64> = None;
    for event in events {
        if let First::Touch(_) = event.what {
            // Who touches one new thing mostly touches more: they are one, hardly heavier for each of them.
            touches = Some(match touches {
                None => event.nats,
                Some(before) => before.max(event.nats) + BESIDE_NATS,
            });
            continue;
        }
        strongest = strongest.max(event.nats);
        all += (event.nats - anywhere).max(0.0);
    }
    if let Some(nats) = touches {
        strongest = strongest.max(nats);
        all += (nats - anywhere).max(0.0);
    }
    all + strongest.min(anywhere)
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
