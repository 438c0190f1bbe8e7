//! Shows what the detector says.

pub mod acceptance;

pub mod incidents;

pub mod syscalls;

pub mod sink;

pub mod tally;

pub mod hub;

pub mod notice;
pub mod page;

pub mod sinks;

pub mod metrics;

pub mod remarks;

pub mod output;

pub mod text;

#[cfg(feature = "cli")]
pub mod cells;

pub mod json;

pub mod summary;

#[cfg(test)]
pub(crate) mod sample;
