//! Ids that no other run makes.

use std::io;

use super::clock::{WallClock, unix_ns};
use crate::incident::ids::IdSource;

/// Makes the ids of this run, under a seed of the kernel's.
///
/// # Errors
/// When the kernel has no random number.
pub fn new() -> io::Result<IdSource> {
    let mut seed = [0; 16];
    getrandom::fill(&mut seed).map_err(|why| io::Error::other(why.to_string()))?;
    Ok(IdSource::new(seed, i128::from(unix_ns())))
}

/// The same for a run over what happens now, which goes on also without a random number: its ids
/// are told apart by the time then.
#[must_use]
pub fn live() -> IdSource {
    let mut ids = new().unwrap_or_else(|_| IdSource::new([0; 16], i128::from(unix_ns())));
    ids.set_offset(WallClock::Live.offset_ns().unwrap_or_default());
    ids
}
