//! The real probe on real processes.
#![cfg(feature = "live")]

#[path = "../traced/mod.rs"]
mod traced;

mod harness;

mod needs_root;
