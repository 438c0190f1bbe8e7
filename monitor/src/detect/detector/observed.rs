//! What the detector tells of single calls and of flights.

use crate::detect::cusum::Transition;
use crate::detect::threshold::Scores;
use crate::detect::verdict::SurprisingCall;
use crate::profile::first_seen::FirstSeen;
use crate::syscall::event::{Call, ThreadKey};

/// One call as it was scored, for an observer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// Its thread.
    pub thread: ThreadKey,
    /// Its place in the thread, counted from 0.
    pub seq: u64,
    /// The call.
    pub call: Call,
    /// Its index in the model's vocabulary.
    pub index: u16,
    /// Nats; `None` where the model has too little before the call.
    pub surprise: Option<f32>,
    /// What the surprise is made of; `None` without a profile.
    pub own: Option<OwnSurprise>,
}

/// What a surprise by a profile is made of, see [`Mixture`](crate::profile::mixture::Mixture).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OwnSurprise {
    /// The call's token in the profile's vocabulary.
    pub token: u32,
    /// The n-gram's surprise, nats.
    pub ngram: f32,
    /// Whether the LSTM was asked.
    pub asked: bool,
    /// By which transition the call breaks what was learned, if it does, see
    /// [`crate::detect::cusum`].
    pub breaks: Option<Transition>,
    /// The LSTM's surprise of the call's index, nats; `None` where it was not asked or has too
    /// little before the call.
    pub lstm: Option<f32>,
    /// Which part of the index' probability is the call's.
    pub share: f64,
}

/// What a flight says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Rescored {
    /// The scores after its last call.
    pub scores: Scores,
    /// Its most surprising calls in order.
    pub surprising: Vec<SurprisingCall>,
    /// What it did that the service never did before, in order; empty without a profile.
    pub first_seen: Vec<FirstSeen>,
}
