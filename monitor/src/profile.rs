//! What one service normally does, learned from its own calls.
//!
//! A profile looks at a call twice. An n-gram model over the service's *own* calls, whatever table
//! they are from, says how likely the call is after those before it; the LSTM of a general model is
//! asked only where the n-gram finds the call unlikely ([`mixture`]). Beside both stands what the
//! service never did at all ([`known`]), and what a person has accepted ([`accepted`]).

pub mod vocabulary;

pub mod ngram;

pub mod first_seen;

pub mod class;

pub mod prior;

pub mod sightings;

pub mod known;

pub mod touched;

pub mod firsts;

pub mod mixture;

pub mod arrivals;

pub mod accepted;

pub mod sequences;

pub mod merge;

pub mod provenance;

pub mod novelty;

pub mod held_out;

pub mod tail;

pub mod budget;

pub mod file;

use crate::profile::ngram::Ngram;

use accepted::Accepted;
use held_out::HeldOut;
use known::Known;
use mixture::Mixture;
use novelty::Novelty;
use provenance::Provenance;
use touched::Touched;
use vocabulary::Vocabulary;

/// The length of the longest n-gram that a profile counts: a call and the five before it. STIDE's
/// windows have the same length (Hofmeyr, Forrest & Somayaji 1998).
pub const ORDER: usize = 6;

/// What one service normally does.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The calls it ever made.
    pub vocabulary: Vocabulary,
    /// How often it made which sequences of them; tokens are the vocabulary's.
    pub ngram: Ngram,
    /// How n-gram and LSTM are weighed.
    pub mixture: Mixture,
    /// What it ever did, and how fast that grew.
    pub known: Known,
    /// What it ever touched.
    pub touched: Touched,
    /// What a person said to be normal.
    pub accepted: Accepted,
    /// What it was learned from.
    pub provenance: Provenance,
    /// How novelty fell meanwhile.
    pub novelty: Novelty,
    /// The peaks of scores on runs that were left out, from which thresholds come.
    pub held_out: HeldOut,
}

impl Default for Profile {
    /// A profile that has learned nothing.
    fn default() -> Self {
        Self {
            vocabulary: Vocabulary::default(),
            ngram: Ngram::new(ORDER, Vocabulary::SIZE).expect("order and size are in range"),
            mixture: Mixture::default(),
            known: Known::default(),
            touched: Touched::default(),
            accepted: Accepted::default(),
            provenance: Provenance::default(),
            novelty: Novelty::default(),
            held_out: HeldOut::default(),
        }
    }
}

/// What the scores of a thread must exceed for an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// The sum of what was never learned in its sequences, nats.
    pub sequence: f64,
    /// What every call takes off that sum, nats.
    pub drift: f64,
    /// The evidence of what was never seen before, nats.
    pub first_seen: f64,
}

impl Thresholds {
    /// Nothing crosses these.
    pub const NEVER: Self = Self {
        sequence: f64::INFINITY,
        drift: 0.0,
        first_seen: f64::INFINITY,
    };
}
