//! Tests that load the probe, so that they need root.

mod abi;
mod calls;
mod command_line;
mod loss;
mod processes;
mod targets;
