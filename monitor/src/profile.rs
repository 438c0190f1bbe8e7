//! What one service normally does, learned from its own calls.
//!
//! A profile looks at a call twice. An n-gram model over the service's *own* calls, whatever table they are from, says how
//! likely the call is after those before it; the LSTM of a general model is asked only where the n-gram finds the call
//! unlikely ([`mixture`]). Beside both stands what the service never did at all ([`known`]), and what a person has
//! accepted ([`accepted`]).

pub mod vocabulary;

pub mod ngram;

pub mod first_seen;

pub mod known;

pub mod touched;

pub mod firsts;

pub mod mixture;

pub mod accepted;

pub mod sequences;

pub mod merge;

pub mod provenance;

pub mod novelty;

pub mod held_out;

pub mod budget;

pub mod file;

use crate::detail::Detail;
use crate::profile::ngram::Ngram;

use accepted::Accepted;
use held_out::HeldOut;
use known::Known;
use mixture::Mixture;
use novelty::Novelty;
use provenance::Provenance;
use touched::Touched;
use touched::weight::Kind;
use vocabulary::Vocabulary;

/// The length of the longest n-gram that a profile counts: a call and the five before it. STIDE's windows have the same
/// length (Hofmeyr, Forrest & Somayaji 1998).
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

impl Profile {
    /// What touching something new is worth, given generalised, nats: by how much rarer a benign thing of its kind is than a
    /// call.
    #[must_use]
    pub fn touch_nats(&self, detail: &Detail) -> f64 {
        const DAY_S: f64 = 86_400.0;
        let measured = self.provenance.calls_per_second();
        let calls_per_second = measured.unwrap_or(budget::ASSUMED_CALLS_PER_SECOND);
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let seconds = match self.provenance.seconds() {
            seconds if seconds > 0.0 => seconds,
            _ => self.provenance.calls() as f64 / calls_per_second,
        };
        let expected = self.touched.expected_a_day(Kind::of(detail), seconds);
        (calls_per_second * DAY_S / expected).ln().max(0.0)
    }
}

/// What the scores of a thread must exceed for an alarm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// The slow score, nats a call.
    pub slow: f64,
    /// The fast score, nats a call.
    pub fast: f64,
    /// The evidence of what was never seen before, nats.
    pub first_seen: f64,
}
