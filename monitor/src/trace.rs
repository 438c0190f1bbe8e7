//! A recording as a source of events, in the place of the kernel.
//!
//! Every source here is an iterator of `Result<Event, TraceError>` that ends after its first error,
//! and that counts what it left out in a [`TraceSummary`](recorded::TraceSummary). All of them take
//! their input as hostile: memory is bounded whatever a length field says, and nothing panics.

pub mod error;

pub mod recorded;

pub mod words;

pub mod adfa;

pub mod recording;

pub mod strace;

pub mod names;

pub mod input;

pub mod open;

pub use open::{from_input, open};
