//! How the host stands, for whoever asks: written by the scorer once a second, read by everybody
//! else.

mod action;

mod host;

mod overview;

mod service;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use action::Action;
pub use host::{HostStatus, Tally};
pub use overview::Overview;
pub use service::{ServiceStatus, Suppressed};

/// A [`HostStatus`] that several threads see.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<HostStatus>>);

impl Board {
    /// The status, held as short as can be.
    pub fn lock(&self) -> MutexGuard<'_, HostStatus> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
