//! `cargo xtask train`: fits a model to normal traces.

pub mod checkpoint;
pub mod command;
pub mod dense;
pub mod dropout;
pub mod gradient;
pub mod history;
pub mod initial;
pub mod kernel;
pub mod lanes;
pub mod lookup;
pub mod loss;
pub mod matrix;
pub mod network;
pub mod optimizer;
pub mod parallel;
pub mod parameters;
pub mod preset;
pub mod progress;
pub mod random;
pub mod real;
pub mod recipe;
pub mod recurrence;
pub mod run;
pub mod samples;
pub mod schedule;
pub mod windows;

#[cfg(test)]
mod tests;

pub use command::{Options, command};
