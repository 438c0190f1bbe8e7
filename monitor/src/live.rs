//! The kernel as a source: what must be there, the probe, its ring, and whom it watches.

pub mod preflight;

mod btf;
mod layout;

pub mod target;

mod kin;

pub mod command;

pub mod probe;

mod mapped;
mod ring;
mod slots;
mod thread_slots;
mod thread_table;

mod reassembly;

mod reader;

pub mod losses;

mod privileges;

pub mod watch;
