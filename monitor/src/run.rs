//! The state of a run: its clock, its costs and its counts.

pub mod clock;

pub mod kernel;

pub mod ids;

pub mod memory;

pub mod usage;

pub mod process_cgroups;

pub mod process_status;

pub mod snapshot;

pub(crate) mod stamp;

pub mod private_file;

pub mod whole_lines;
