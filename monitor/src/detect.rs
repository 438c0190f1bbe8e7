//! How surprising calls are, and when that is worth an alarm.

pub mod counters;
pub mod scorer;
pub mod verdict;
