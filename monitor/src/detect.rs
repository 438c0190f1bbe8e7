//! How surprising calls are, and when that is worth an alarm.

pub(crate) mod coverage;

pub mod threads;

pub mod processes;

pub mod recorder;

mod aftermath;

pub(crate) mod stream;

pub mod blind;

pub mod cusum;

pub mod threshold;

pub mod episode;

pub mod verdict;

pub mod severity;

pub mod detector;

pub mod counters;

pub(crate) mod cpu_budget;
