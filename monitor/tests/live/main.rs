//! The real probe on real processes.
#![cfg(feature = "live")]

mod harness;

mod needs_root;
