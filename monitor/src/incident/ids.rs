//! Ids that are unique for ever and can be shortened.
//!
//! A ULID is 26 letters of Crockford's base 32: 48 bits of time in milliseconds since 1970, then 80
//! bits of chance (github.com/ulid/spec). Here a hash of what the id is for takes the place of
//! chance, under a seed that is random for each run. So the same events and the same seed give the
//! same ids, and two runs never do.

use std::collections::BTreeSet;
use std::ops::Bound;

use sha2::{Digest, Sha256};
use ulid::Ulid;

/// Letters that are shown at least. The first 8 hold the time to 256 ms, so an incident of later
/// cannot begin alike.
pub const SHORTEST: usize = 8;

/// Ids that a [`Shortener`] remembers; of more it forgets the oldest, which sort first.
const REMEMBERED: usize = 1 << 14;

/// Makes ids.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct IdSource {
    seed: [u8; 16],
    /// Added to the time of an event, to get nanoseconds since 1970.
    unix_offset_ns: i128,
    /// The time of an event that has none, nanoseconds since 1970.
    unknown_ns: i128,
}

impl IdSource {
    /// Ids of a run, given a seed that no other run has, and the time of day now for events without
    /// a time, nanoseconds since 1970.
    #[must_use]
    pub const fn new(seed: [u8; 16], now_unix_ns: i128) -> Self {
        Self {
            seed,
            unix_offset_ns: 0,
            unknown_ns: now_unix_ns,
        }
    }

    /// Says how far the events' clock is behind the time of day, nanoseconds.
    pub const fn set_offset(&mut self, unix_offset_ns: i128) {
        self.unix_offset_ns = unix_offset_ns;
    }

    /// The id of what happened at `time_ns`, told from all else of that time by `parts`.
    #[must_use]
    pub fn id(&self, time_ns: u64, parts: &[&[u8]]) -> String {
        let unix_ns = match time_ns {
            0 => self.unknown_ns,
            time_ns => self.unix_offset_ns + i128::from(time_ns),
        };
        let milliseconds = u64::try_from(unix_ns.max(0) / 1_000_000).unwrap_or(u64::MAX);
        ulid(milliseconds, &self.seed, parts)
    }
}

/// An id of the same time as another, for something that the other stands for.
#[must_use]
pub fn derived(id: &str, purpose: &str) -> String {
    let time = Ulid::from_string(id).map_or(0, |id| id.timestamp_ms());
    ulid(time, purpose.as_bytes(), &[id.as_bytes()])
}

fn ulid(milliseconds: u64, seed: &[u8], parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    hash.update(seed);
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let chance = digest[..16]
        .iter()
        .fold(0, |all: u128, &byte| all << 8 | u128::from(byte));
    Ulid::from_parts(milliseconds, chance).to_string()
}

/// Shows ids by as few of their first letters as tell them apart.
#[derive(Clone, Debug, Default)]
pub struct Shortener(BTreeSet<String>);

impl Shortener {
    /// Takes note of an id.
    pub fn note(&mut self, id: &str) {
        if self.0.len() >= REMEMBERED && !self.0.contains(id) {
            self.0.pop_first();
        }
        self.0.insert(id.to_owned());
    }

    /// The shortest beginning of an id that no other one noted has, of [`SHORTEST`] letters at
    /// least.
    #[must_use]
    pub fn shown<'a>(&self, id: &'a str) -> &'a str {
        let below = (Bound::Unbounded, Bound::Excluded(id));
        let above = (Bound::Excluded(id), Bound::Unbounded);
        let before = self.0.range::<str, _>(below).next_back();
        let after = self.0.range::<str, _>(above).next();
        let common = |other: &String| {
            let both = id.chars().zip(other.chars());
            both.take_while(|(a, b)| a == b).count()
        };
        let shared = before.into_iter().chain(after).map(common).max();
        let letters = shared.map_or(0, |shared| shared + 1).max(SHORTEST);
        id.char_indices()
            .nth(letters)
            .map_or(id, |(end, _)| &id[..end])
    }
}

#[cfg(test)]
mod tests {
    use super::{IdSource, SHORTEST, Shortener, derived};

    #[test]
    fn ids_are_ordered_by_time_and_differ_by_seed_and_by_what_they_are_for() {
        let mut ids = IdSource::new([1; 16], 1_700_000_000_000_000_000);
        ids.set_offset(1_700_000_000_000_000_000);
        let at = |ids: &IdSource, time, part: &str| ids.id(time, &[part.as_bytes()]);
        let one = at(&ids, 1, "a");
        assert_eq!(one.len(), 26);
        assert_eq!(one, at(&ids, 1, "a"));
        assert_ne!(one, at(&ids, 1, "b"));
        assert!(one < at(&ids, 2_000_000, "a"), "2 ms later");
        let other = IdSource::new([2; 16], 0);
        assert_ne!(one[10..], at(&other, 1, "a")[10..]);
        // The time of 2023-11-14T22:13:20Z in the first ten letters: 1,700,000,000,000 in base 32.
        assert_eq!(&at(&ids, 0, "a")[..10], "01HF7YAT00");
        let incident = derived(&one, "incident");
        assert_eq!(incident[..10], one[..10]);
        assert_ne!(incident, one);
    }

    #[test]
    fn an_id_is_shown_by_what_tells_it_from_the_others() {
        let mut known = Shortener::default();
        let ids = ["01HF7YAT00AAAA", "01HF7YAT00AABB", "01HF7YXXXXXXXX"];
        for id in ids {
            known.note(id);
        }
        assert_eq!(known.shown(ids[0]), "01HF7YAT00AAA");
        assert_eq!(known.shown(ids[1]), "01HF7YAT00AAB");
        assert_eq!(known.shown(ids[2]).len(), SHORTEST);
        assert_eq!(known.shown("short"), "short");
    }
}
