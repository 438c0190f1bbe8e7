//! A tool that watches.

use std::os::fd::AsRawFd as _;
use std::time::Duration;

use anyhow::{Result, anyhow};
use nix::sys::signal::Signal;

use super::empty::Empty;
use crate::scenarios::tool::Running;

/// A tool at work. It is gone when this is dropped.
pub enum Tool {
    /// None.
    Nothing,
    /// The empty program, on each tracepoint.
    Empty(Vec<Empty>),
    /// A process.
    Process(Running),
}

impl Tool {
    /// Its processes.
    pub fn pids(&self) -> Vec<u32> {
        match self {
            Self::Process(running) => vec![running.pid()],
            _ => Vec::new(),
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// It ended before, so that it may not have watched.
    pub fn end(self) -> Result<()> {
        match self {
            Self::Nothing => {}
            Self::Empty(all) => {
                for empty in all {
                    anyhow::ensure!(empty.descriptor().as_raw_fd() >= 0);
                }
            }
            Self::Process(mut running) => {
                if let Some(status) = running.ended()? {
                    return Err(running.blamed(anyhow!("it ended before it was told to: {status}")));
                }
                running.signal(Signal::SIGINT);
                // What does not end then is killed.
                let _ = running.wait(Duration::from_secs(20));
            }
        }
        Ok(())
    }
}
