//! Tests that load the probe, so that they need root.

mod abi;
mod calls;
mod events;
mod loss;
mod processes;
mod targets;
mod touches;
