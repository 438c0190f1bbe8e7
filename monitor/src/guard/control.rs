//! The control socket: HTTP with JSON on a Unix listener.
//!
//! Requests are bounded in size and time, and a client that takes nothing is cut off; it holds up
//! nobody, since nothing waits for the thread that serves.

mod socket;

mod serving;

mod answers;

mod accepting;

mod response;

mod follow;

mod client;

use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;

use super::Request;
use super::board::Board;
use crate::service::store::Store;

pub use client::Client;
pub use follow::Followers;
pub use socket::{Served, Socket};

/// Where the socket is.
pub const PLACE: &str = "/run/monitor/monitor.sock";

/// What the server needs.
#[derive(Clone)]
pub struct Control {
    /// How the host stands.
    pub board: Board,
    /// Where requests go.
    pub requests: Sender<Request>,
    /// Incidents as they come.
    pub followers: Followers,
    /// Where previous profiles are; the thread that serves keeps the right to read them.
    pub store: Option<Store>,
    /// The alarm log, from which incidents are accepted; the thread that serves may read its
    /// folder.
    pub log: Option<PathBuf>,
}

impl Control {
    /// The folders that are read.
    fn folders(&self) -> Vec<PathBuf> {
        let state = self.store.as_ref().map(|it| it.folder().to_path_buf());
        let log = self.log.as_ref().and_then(|it| it.parent());
        // One that is not there yet cannot be named to Landlock.
        let log = log.filter(|it| it.is_dir()).map(Path::to_path_buf);
        state.into_iter().chain(log).collect()
    }
}

#[cfg(test)]
mod tests;
