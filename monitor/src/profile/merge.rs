//! One profile of several: the same service on several hosts.

use thiserror::Error;

use crate::profile::accepted::BEFORE;
use crate::profile::touched::Sighting;
use crate::profile::vocabulary::Vocabulary;
use crate::profile::{ORDER, Profile};

/// Why profiles cannot be merged.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum MergeError {
    /// A recording would count twice.
    #[error(
        "both learned {name} (sha256 {sha256}), which would count twice: learn it once, by --update"
    )]
    Twice {
        /// The recording's name, escaped.
        name: String,
        /// Its SHA-256.
        sha256: String,
    },
}

impl Profile {
    /// Adds all that another profile learned and accepted. The held-out peaks of both are kept,
    /// though each profile's runs were scored without the other's knowledge: thresholds are rather
    /// too high than too low.
    ///
    /// # Errors
    /// When a recording is behind both; nothing is changed then.
    ///
    /// # Panics
    /// Never: every token is mapped into the vocabulary.
    pub fn merge(&mut self, other: &Self) -> Result<(), MergeError> {
        let origins = &other.provenance.origins;
        if let Some(twice) = origins.iter().find(|it| self.provenance.has(&it.sha256)) {
            return Err(MergeError::Twice {
                name: twice.name.escape_debug().to_string(),
                sha256: twice.sha256.escape_debug().to_string(),
            });
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a time that was learned, in whole milliseconds"
        )]
        let after = Sighting {
            calls: self.provenance.calls(),
            millis: (self.provenance.seconds() * 1000.0) as u64,
        };
        self.touched.join(&other.touched, after);
        let known = self.vocabulary.calls().len();
        let calls = other.vocabulary.calls().iter();
        let map: Vec<u32> = calls.map(|&call| self.vocabulary.intern(call)).collect();
        let token = |token: u32| map.get(token as usize).copied();
        let token = |it: u32| token(it).unwrap_or(Vocabulary::UNSEEN);
        let merged = self.ngram.merge(&other.ngram, token);
        merged.expect("every token is of the vocabulary");
        let new_calls = &self.vocabulary.calls()[known..];
        let call = |token| other.vocabulary.call(token);
        self.known.join(&other.known, token, new_calls, call);
        let short = |it: u16| match it {
            BEFORE => BEFORE,
            it => u16::try_from(token(it.into())).unwrap_or(BEFORE),
        };
        let sequences = other.accepted.sequences.iter();
        let sequences = sequences.map(|it| -> [u16; ORDER] { it.map(short) });
        self.accepted.sequences.extend(sequences);
        let acceptances = &other.accepted.acceptances;
        self.accepted
            .acceptances
            .extend(acceptances.iter().cloned());
        #[expect(clippy::cast_precision_loss, reason = "a weight need not be exact")]
        let (mine, theirs) = (self.held_out.asked as f64, other.held_out.asked as f64);
        if mine + theirs > 0.0 {
            let weight = self.mixture.weight * mine + other.mixture.weight * theirs;
            self.mixture.weight = weight / (mine + theirs);
        }
        self.held_out.join(&other.held_out);
        self.novelty.append(&other.novelty);
        self.provenance.origins.extend(origins.iter().cloned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::MergeError;
    use crate::profile::Profile;
    use crate::profile::class::Class;
    use crate::profile::file::{decode, encode};
    use crate::profile::provenance::Origin;
    use crate::profile::sightings::Place;
    use crate::syscall::event::{Abi, Call, Comm};

    fn call(number: u32) -> Call {
        Call {
            abi: Abi::X86_64,
            number,
        }
    }

    fn learned(name: &[u8], numbers: &[u32], sha256: &str) -> Profile {
        let mut profile = Profile::default();
        let mut cursor = profile.ngram.middle();
        for &number in numbers {
            let before = profile.vocabulary.calls().len();
            let token = profile.vocabulary.intern(call(number));
            let is_new = profile.vocabulary.calls().len() > before;
            let full = profile.ngram.learn_next(&mut cursor, token);
            profile.novelty.push(full.expect("a token"), 0.5);
            let place = Place {
                life: 0,
                seq: 512 * profile.known.learned().calls,
            };
            profile
                .known
                .learn(Comm::new(name), (call(number), token), is_new, 0.5, place);
        }
        profile.provenance.origins.push(Origin {
            sha256: sha256.into(),
            calls: numbers.len() as u64,
            ..Origin::default()
        });
        profile
    }

    #[test]
    fn the_counts_of_both_are_there_whatever_their_tokens_were() {
        let mut one = learned(b"web", &[0, 1, 2, 0, 1, 2], "aa");
        let two = learned(b"log", &[2, 1, 0, 1, 2, 9], "bb");
        one.merge(&two).expect("they share nothing");
        let count = |numbers: &[u32]| {
            let tokens = numbers.iter().map(|&n| one.vocabulary.token(call(n)));
            one.ngram.count(&tokens.collect::<Vec<_>>())
        };
        assert_eq!(count(&[1, 2]), 3.0);
        assert_eq!(count(&[2, 9]), 1.0);
        assert_eq!(count(&[2, 0]), 1.0);
        assert_eq!(one.known.names().len(), 2);
        assert_eq!(one.known.learned().calls, 12);
        // 9 is the one call that was new, at the end of what the other learned.
        let reads = one.known.sightings().of(Class::Call).iter();
        assert_eq!(reads.map(|at| at.calls).collect::<Vec<_>>(), [0, 1, 2, 11]);
        let again = decode(&encode(&one)).expect("it is whole");
        assert_eq!(encode(&again), encode(&one));
    }

    #[test]
    fn a_recording_behind_both_is_refused() {
        let mut one = learned(b"web", &[0, 1], "aa");
        let before = encode(&one);
        let refused = one.merge(&learned(b"web", &[0, 1], "aa"));
        assert!(matches!(refused, Err(MergeError::Twice { .. })));
        assert_eq!(encode(&one), before);
    }
}
