//! A stretch of one thread's calls, with the names under which they were made.

use super::event::{Call, Comm};
use crate::detail::Touch;

/// The calls that an alarm rests on: a thread's last calls up to and including the one that
/// raised it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flight {
    /// The place in the thread of the first of these calls, counted from 0.
    pub first_seq: u64,
    /// The calls, at most [`Flight::CALLS`].
    pub calls: Vec<Call>,
    /// The thread's names: each with the place in the thread of the first call that was made under
    /// it. The first stands at or before `first_seq`. At most [`Flight::NAMES`], the latest ones.
    pub names: Vec<(u64, Comm)>,
    /// What the calls touched that was new to the service, generalised, in the order in which it
    /// was seen. At most [`Flight::TOUCHES`].
    pub touches: Vec<Touch>,
}

impl Flight {
    /// How many calls a flight recorder keeps of a thread.
    pub const CALLS: usize = 512;

    /// How many changes of name it keeps.
    pub const NAMES: usize = 16;

    /// How many new things that were touched it keeps.
    pub const TOUCHES: usize = 64;

    /// Adds the calls that followed, if the first of them stands where the flight ends.
    pub fn extend(&mut self, first_seq: u64, calls: &[Call]) {
        let end = self.first_seq.saturating_add(self.calls.len() as u64);
        if first_seq == end {
            self.calls.extend_from_slice(calls);
        }
    }
}
