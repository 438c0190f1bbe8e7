//! What is loaded and attached on this kernel, decided in one place.

use std::io;

use super::{
    attachment::{Attachment, Hooks},
    io_uring,
    outcomes::Outcomes,
    preflight::Host,
    touch::Details,
};

/// What a run asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// By which kind of tracepoint, if not by what the kernel needs.
    pub attachment: Option<Attachment>,
    /// Whether cgroups that come and go are to be seen.
    pub by_cgroup: bool,
    /// How much of what calls touch is to be read.
    pub details: Details,
}

/// What it gets.
pub(super) struct Plan {
    /// Where calls, forks, execs and exits are seen.
    pub hooks: Hooks,
    /// How much of what calls touch is read.
    pub details: Details,
    /// Of which calls the outcome is seen.
    pub outcomes: Outcomes,
    /// The tracepoint of what is submitted to io_uring, where the kernel has one.
    pub io_uring: Option<u64>,
}

impl Plan {
    /// The plan for what is wanted on this host; what it lacks is logged.
    ///
    /// # Errors
    ///
    /// When a kind of tracepoint is wanted that cannot be had.
    pub(super) fn new(host: &Host, wanted: &Wanted) -> io::Result<Self> {
        let details = wanted.details;
        Ok(Self {
            hooks: Hooks::new(host, wanted.attachment, wanted.by_cgroup)?,
            details,
            outcomes: Outcomes::find(details),
            io_uring: io_uring::tracepoint(),
        })
    }

    /// By which kind of tracepoint calls are seen.
    pub(super) const fn attachment(&self) -> Attachment {
        self.hooks.attachment()
    }
}
