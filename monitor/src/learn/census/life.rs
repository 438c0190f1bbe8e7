//! The lives of threads, as far as they are kept to be held out.

use serde::{Deserialize, Serialize};

#[cfg(doc)]
use crate::profile::known::family;
use crate::syscall::event::Comm;

/// Calls after which the time is noted.
pub(super) const STEP: usize = 256;

/// How a life came to be: what is known of it before it does anything.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Kind {
    /// The first name, as [`family`] makes it.
    pub first: Comm,
    /// The last name: what it became by exec, or called itself.
    pub last: Comm,
    /// Whether it was seen to begin.
    pub begun: bool,
}

/// Calls without a gap between them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Run {
    /// The place of the first in its thread.
    pub first_seq: u64,
    /// The calls, `restart_syscall` left out.
    pub tokens: Vec<u16>,
    /// How much had been learned when the first came
    /// ([`exposure`](crate::profile::sightings::Learned::exposure)).
    pub began: f32,
    /// The same of every 256th call after it.
    pub times: Vec<f32>,
}

impl Run {
    /// How many of the calls came before so much was learned, up to 256 more.
    #[must_use]
    pub fn before(&self, exposure: f32) -> usize {
        if self.began >= exposure {
            return 0;
        }
        let steps = self.times.partition_point(|&time| time < exposure) + 1;
        (steps * STEP).min(self.tokens.len())
    }
}

/// One life of a thread.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Life {
    /// Its kind.
    pub kind: Kind,
    /// Its calls.
    pub runs: Vec<Run>,
    /// Whether nothing of it was left out for want of room.
    pub is_whole: bool,
}
