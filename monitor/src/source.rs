//! Where events come from.

use crate::run::clock::WallClock;
use crate::syscall::event::Event;

/// Whatever yields events, those of a thread in order: a recording, the kernel, or a program's own.
pub trait Source: Iterator<Item = Result<Event, <Self as Source>::Error>> {
    /// What can go wrong while it is read.
    type Error: std::error::Error + Send + Sync + 'static;

    /// How the times of its events relate to the time of day.
    fn clock(&self) -> WallClock {
        WallClock::Unknown
    }
}
