//! What a thread did that its service never did before.

use crate::syscall::event::{Call, Comm};

/// What can be new.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum First {
    /// The service never made this call.
    Call(Call),
    /// No process of the service had this name.
    Name(Comm),
    /// Processes of this name never made this call, though others did.
    CallOfName(Comm, Call),
}

/// Something new that a thread did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FirstSeen {
    /// The place of the call in its thread, counted from 0.
    pub seq: u64,
    /// What was new.
    pub what: First,
    /// What it is worth as evidence, nats.
    pub nats: f64,
}
