//! Learning a profile from events.
//!
//! A [`Census`] takes the events in once: calls, n-grams, what was ever done, how novelty fell; and
//! keeps the calls of every thread's life as tokens. Then every life is left out in turn
//! ([`folds`]), unlearned, scored by the detector's own path as if it had never been seen, and
//! learned again ([`held_out`]): from these scores come the weight of the mixture and the peaks
//! that thresholds are taken from.

pub mod census;

pub mod folds;

pub mod held_out;

pub mod finish;

pub mod made;

pub mod learner;

pub use census::{Census, Progress};
pub use finish::finish;
pub use held_out::{DetectorScorer, Scorer, hold_out};
pub use learner::Learner;
pub use made::Made;
