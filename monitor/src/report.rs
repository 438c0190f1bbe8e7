//! Shows what the detector says.

pub mod sink;
pub mod snapshot;
pub mod syscalls;
pub mod usage;
