//! What a person accepted as normal: sequences of calls that are quiet from then on.

mod difference;

use std::collections::BTreeSet;

use crate::profile::{ORDER, Profile};
use crate::syscall::flight::Flight;
use crate::syscall::table;

pub use difference::Difference;

/// In the place of a token: the stream began after it.
pub const BEFORE: u16 = u16::MAX;

/// A call with the calls before it, as tokens, oldest first; [`BEFORE`] where there was none.
pub type Sequence = [u16; ORDER];

/// An alarm, or an incident with all of its alarms, that was accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Acceptance {
    /// Its id.
    pub alarm: String,
    /// When, seconds since 1970 UTC.
    pub unix_s: u64,
    /// How many sequences it added.
    pub sequences: usize,
    /// Why, if somebody said so.
    pub reason: Option<String>,
}

/// Everything that was accepted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Accepted {
    /// The sequences that are quiet.
    pub sequences: BTreeSet<Sequence>,
    /// Where they came from, oldest first.
    pub acceptances: Vec<Acceptance>,
}

/// What was accepted after something that is undone: it is accepted again.
#[derive(Clone, Debug, PartialEq)]
pub struct Later {
    /// The id that it was accepted by.
    pub id: String,
    /// When, seconds since 1970 UTC.
    pub unix_s: u64,
    /// Why, if somebody said so.
    pub reason: Option<String>,
    /// The calls of its alarms.
    pub flights: Vec<Flight>,
}

impl Profile {
    /// Accepts again what was accepted later than this state of the profile.
    pub fn accept_later(&mut self, later: &[Later]) {
        for it in later {
            self.accept_all(&it.id, &it.flights, it.unix_s, it.reason.as_deref());
        }
    }

    /// How many of the calls that this profile learned another state of it, an earlier one, does
    /// not have.
    #[must_use]
    pub fn learned_since(&self, before: &Self) -> u64 {
        let calls = self.provenance.calls();
        let calls = calls.saturating_sub(before.provenance.calls());
        let learned = self.ngram.learned();
        calls.max(learned.saturating_sub(before.ngram.learned()))
    }

    /// Takes an alarm's flight as normal: every sequence of it is quiet from now on, and what was
    /// new in it is known. The first calls of the flight are taken as a stream's beginning. Gives
    /// the number of sequences that were not accepted before.
    pub fn accept(&mut self, alarm: &str, flight: &Flight, unix_s: u64) -> usize {
        let before = self.accepted.sequences.len();
        let mut names = flight.names.iter().peekable();
        let mut comm = None;
        let mut sequence: Sequence = [BEFORE; ORDER];
        for (seq, &call) in (flight.first_seq..).zip(&flight.calls) {
            while let Some(&(_, name)) = names.next_if(|&&(at, _)| at <= seq) {
                comm = Some(name);
            }
            if table::is_restart(call) {
                continue;
            }
            let token = self.vocabulary.intern(call);
            if let Some(comm) = comm {
                self.known.accept(comm, token);
            }
            sequence.copy_within(1.., 0);
            // A vocabulary has SIZE tokens.
            sequence[ORDER - 1] = u16::try_from(token).unwrap_or(BEFORE);
            self.accepted.sequences.insert(sequence);
        }
        let touches = flight.touches.iter();
        self.touched
            .take_up(touches.map(|touch| (&touch.detail, touch.outcome)));
        let added = self.accepted.sequences.len() - before;
        let mut known = self.accepted.acceptances.iter_mut();
        match known.find(|it| it.alarm == alarm) {
            Some(known) => known.sequences += added,
            None => self.accepted.acceptances.push(Acceptance {
                alarm: alarm.to_owned(),
                unix_s,
                sequences: added,
                reason: None,
            }),
        }
        added
    }

    /// Takes several flights as normal under one id, that of an alarm or of the incident of
    /// several.
    pub fn accept_all(
        &mut self,
        id: &str,
        flights: &[Flight],
        unix_s: u64,
        reason: Option<&str>,
    ) -> usize {
        let added = flights.iter().map(|it| self.accept(id, it, unix_s)).sum();
        let mut known = self.accepted.acceptances.iter_mut();
        if let (Some(known), Some(reason)) = (known.find(|it| it.alarm == id), reason) {
            known.reason = Some(reason.to_owned());
        }
        added
    }

    /// Takes up what was accepted in another state of the same service's profile, whose tokens may
    /// have other numbers: its accepted sequences are quiet, and what its processes are known to do
    /// is known. Gives the number of sequences that were not accepted before.
    pub fn take_up(&mut self, other: &Self) -> usize {
        let before = self.accepted.sequences.len();
        let vocabulary = &mut self.vocabulary;
        let mut mine = |token: u32| Some(vocabulary.intern(other.vocabulary.call(token)?));
        for sequence in &other.accepted.sequences {
            let tokens = sequence.map(|token| match token {
                BEFORE => Some(BEFORE),
                token => u16::try_from(mine(token.into())?).ok(),
            });
            // A sequence with a call that cannot be named fits nothing.
            if tokens.iter().all(Option::is_some) {
                let tokens = tokens.map(|token| token.unwrap_or(BEFORE));
                self.accepted.sequences.insert(tokens);
            }
        }
        for (name, tokens) in other.known.names() {
            for token in tokens.into_iter().filter_map(&mut mine) {
                self.known.accept(name, token);
            }
        }
        self.touched.take_up(other.touched.touches());
        for acceptance in &other.accepted.acceptances {
            let mine = &mut self.accepted.acceptances;
            if !mine.iter().any(|it| it.alarm == acceptance.alarm) {
                mine.push(acceptance.clone());
            }
        }
        self.accepted.sequences.len() - before
    }
}

#[cfg(test)]
mod tests {
    use crate::profile::Profile;
    use crate::syscall::event::{Abi, Call, Comm};
    use crate::syscall::flight::Flight;

    #[test]
    fn what_another_state_accepted_is_taken_up_by_call_and_not_by_number() {
        let call = |number| Call {
            abi: Abi::X86_64,
            number,
        };
        let flight = Flight {
            first_seq: 0,
            calls: [5, 6].map(call).into(),
            names: vec![(0, Comm::new(b"sh"))],
            touches: Vec::new(),
        };
        let mut theirs = Profile::default();
        theirs.accept("1-1-a-9", &flight, 7);
        // Here the same calls have other numbers.
        let mut mine = Profile::default();
        mine.vocabulary.intern(call(6));
        mine.vocabulary.intern(call(5));
        assert_eq!(mine.take_up(&theirs), 2);
        let mut own = Profile::default();
        own.vocabulary.intern(call(6));
        own.vocabulary.intern(call(5));
        own.accept("1-1-a-9", &flight, 7);
        assert_eq!(mine.accepted.sequences, own.accepted.sequences);
        let shell = mine.known.name(Comm::new(b"sh")).expect("known");
        assert!(mine.known.made(shell, mine.vocabulary.token(call(5))));
        assert_eq!(mine.take_up(&theirs), 0);
        assert_eq!(mine.accepted.acceptances.len(), 1);
    }

    #[test]
    fn a_flight_is_accepted_once_with_its_calls_and_names() {
        let call = |number| Call {
            abi: Abi::X86_64,
            number,
        };
        let flight = Flight {
            first_seq: 100,
            // 219 is restart_syscall: its call was made before.
            calls: [0, 1, 219, 2, 3, 4, 5, 6].map(call).into(),
            names: vec![(7, Comm::new(b"sh")), (104, Comm::new(b"id"))],
            touches: Vec::new(),
        };
        let mut profile = Profile::default();
        assert_eq!(profile.accept("1-1-a-9", &flight, 7), 7);
        assert_eq!(profile.vocabulary.calls().len(), 7);
        let shell = profile.known.name(Comm::new(b"sh")).expect("known");
        let id = profile.known.name(Comm::new(b"id")).expect("known");
        let token = |number| profile.vocabulary.token(call(number));
        assert!(profile.known.made(shell, token(2)) && !profile.known.made(id, token(2)));
        assert!(profile.known.made(id, token(6)) && !profile.known.made(shell, token(6)));
        assert_eq!(profile.accept("1-1-a-9", &flight, 8), 0);
        assert_eq!(profile.accepted.acceptances.len(), 1);
    }
}
