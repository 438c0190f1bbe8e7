//! Tests that load the probe, so that they need root.

mod abi;
mod calls;
mod containers;
mod events;
mod loss;
mod processes;
mod shares;
mod targets;
mod touches;
