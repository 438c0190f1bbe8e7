//! A call of a flight and what was thought of it.

use crate::detect::cusum::Transition;
use crate::profile::ngram::Cursor;
use crate::syscall::event::Call;

/// A call of a flight and what was thought of it.
pub(super) struct Judged {
    pub seq: u64,
    pub call: Call,
    pub index: u16,
    pub surprise: Option<f32>,
    /// By which transition it breaks what was learned, and its surprise, nats.
    pub broken: Option<(Transition, f32)>,
    pub expectation: Expectation,
}

/// What was expected in the place of a call.
pub(super) enum Expectation {
    /// The general model's likeliest calls.
    General(Vec<(u16, f32)>),
    /// Where the profile's n-gram stood before the call, its own token, and the call before it.
    Own(Box<Cursor>, u32, Option<Call>),
}
