//! How well does a model tell attacks from normal traces, beside its baselines?

mod bootstrap;
mod json;
mod parts;
mod random;
mod roc;
mod stide;
