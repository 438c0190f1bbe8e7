//! What is loaded and attached on this kernel, decided in one place.

use std::io;

use super::{
    attachment::{Attachment, Hooks},
    io_uring,
    limits::Limits,
    outcomes::Outcomes,
    perf_event,
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
    /// What this host does not let it see.
    pub limits: Limits,
}

impl Plan {
    /// The plan for what is wanted on this host; what it lacks is told once and kept.
    ///
    /// # Errors
    ///
    /// When a kind of tracepoint is wanted that cannot be had.
    pub(super) fn new(host: &Host, wanted: &Wanted) -> io::Result<Self> {
        let details = wanted.details;
        let mut limits = Limits::default();
        let hooks = Hooks::new(host, wanted.attachment, wanted.by_cgroup, &mut limits)?;
        let (mut outcomes, mut io_uring) = (Outcomes::find(details), io_uring::tracepoint());
        if (io_uring.is_some() || !outcomes.tracepoints().is_empty())
            && let Err(error) = perf_event::permitted()
        {
            limits.tell(format!(
                "neither how calls went nor what is submitted to io_uring is seen: {error}"
            ));
            (outcomes, io_uring) = (Outcomes::default(), None);
        }
        Ok(Self {
            hooks,
            details,
            outcomes,
            io_uring,
            limits,
        })
    }

    /// By which kind of tracepoint calls are seen.
    pub(super) const fn attachment(&self) -> Attachment {
        self.hooks.attachment()
    }
}
