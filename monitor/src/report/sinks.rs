//! Where incidents go: over HTTP, to the journal, to syslog, into files, to programs.
//!
//! A [`Destination`] sends one notice and says whether that worked. Queues, retries and counting
//! are the [`hub`](crate::report::hub)'s.

pub mod config;

pub mod notices;

pub(crate) mod falco;

pub(crate) mod alertmanager;

pub(crate) mod http;

pub mod journal;

pub mod syslog;

pub mod file;

pub mod program;

use std::io;

use crate::report::notice::Notice;
use crate::response::statement::ActionStatement;

pub use config::OutputConfig;
pub use notices::Notices;

/// Sends notices somewhere.
pub trait Destination: Send {
    /// Sends one, and returns when it is there, as far as can be known.
    ///
    /// # Errors
    ///
    /// As [`Sink`](crate::report::sink::Sink) has them: `InvalidData` when this notice will never
    /// be taken; any other means that it may be taken later.
    fn send(&mut self, notice: &Notice) -> io::Result<()>;

    /// Sends what became of an action. Only logs take them: elsewhere an incident is all that there
    /// is a form for.
    ///
    /// # Errors
    ///
    /// As [`Self::send`].
    fn act(&mut self, said: &ActionStatement) -> io::Result<()> {
        let _ = said;
        Ok(())
    }
}
