//! What a thread's scores say about raising an alarm now.

use crate::detect::threshold::{Limits, Scores};

/// How long the scores must stay low for an episode to end, calls.
pub const CALM_CALLS: u32 = 100;

/// What a thread's scores say about raising an alarm now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Episode {
    /// Nothing is wrong.
    #[default]
    Quiet,
    /// The running score crossed and the flight's did not: it is asked again after some calls, and
    /// after twice as many the next time, since asking costs a whole flight's inference.
    Doubtful {
        /// Calls until it is asked again.
        wait: u32,
        /// How many the last wait was.
        waited: u32,
    },
    /// An alarm was raised; the scores have been low for this many calls.
    Raised {
        /// See [`CALM_CALLS`].
        calm: u32,
    },
}

impl Episode {
    /// Goes on by one call. True when the flight is to be asked whether an alarm is right.
    pub fn step(&mut self, scores: &Scores, limits: &Limits, least: u64) -> bool {
        match self {
            Self::Raised { calm } => {
                *calm = if scores.is_calm(limits) { *calm + 1 } else { 0 };
                if *calm >= CALM_CALLS {
                    *self = Self::Quiet;
                }
                false
            }
            Self::Doubtful { wait, .. } if *wait > 0 => {
                *wait -= 1;
                false
            }
            Self::Quiet | Self::Doubtful { .. } => {
                let crossed = scores.crosses(limits, least);
                if !crossed {
                    *self = Self::Quiet;
                }
                crossed
            }
        }
    }

    /// The flight agreed: an alarm was raised, or kept back by the limit.
    pub fn raise(&mut self) {
        *self = Self::Raised { calm: 0 };
    }

    /// The flight did not agree.
    pub fn doubt(&mut self) {
        let waited = match self {
            Self::Doubtful { waited, .. } => (*waited * 2).min(512),
            _ => 32,
        };
        *self = Self::Doubtful {
            wait: waited,
            waited,
        };
    }
}

#[cfg(test)]
mod tests;
