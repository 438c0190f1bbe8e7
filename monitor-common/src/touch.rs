//! What the probe reads of a call beside its number, and the record in which it sends that.

mod rule;

mod stage;

mod touched;

pub use rule::*;
pub use stage::*;
pub use touched::*;

/// Seconds after which a thing that was told is told again when it is touched, so that what was
/// told once is not silent for ever: 68 minutes, a little more than alarms are alike by default.
pub const TOLD_FOR_S: u64 = 4096;

/// In which span of that length a thing is told at an age, by its hash: each has a beginning of its
/// own, so that not all are told again at once.
#[inline(always)]
#[must_use]
pub const fn told_in(hash: u64, age_s: u64) -> u64 {
    age_s.wrapping_add(hash % TOLD_FOR_S) / TOLD_FOR_S
}

#[cfg(test)]
mod tests;
