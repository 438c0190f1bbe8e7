//! The kernel as a source: what must be there, the probe, its ring, and whom it watches.

pub mod preflight;

mod btf;
mod layout;

pub mod error;

pub mod cgroup;
pub mod target;

mod kin;

mod inherited;

pub mod command;

mod tracefs;

pub mod attachment;

mod perf_event;

mod limits;

mod stages;

pub mod probe;

pub mod services;

mod followed_cgroup;

mod bpf;
mod mapped;
mod ring;
mod shares;
mod slots;
mod thread_slots;
mod thread_table;

mod reassembly;

pub mod touch;
mod touch_age;

mod located;

mod outcomes;

mod io_uring;

mod plan;

mod reader;

pub mod losses;
mod misses;
mod unseen;

mod status;

pub mod signals;

pub mod privileges;

pub mod watch;

mod events;

pub use events::Events;

pub mod doctor;
