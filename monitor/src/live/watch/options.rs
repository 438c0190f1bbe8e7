//! What a live run is asked for.

use std::time::Duration;

use crate::{
    live::{attachment::Attachment, probe::Sizes, target::Target, touch::Details},
    syscall::event::ServiceId,
};

/// What a live run is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whom to watch; with a command, nobody else than it.
    pub target: Target,
    /// Whether children are watched too.
    pub follow: bool,
    /// How long, if not until something else ends the run.
    pub duration: Option<Duration>,
    /// How long a call may wait in its thread's window.
    pub flush_interval: Duration,
    /// How large the probe's tables are.
    pub sizes: Sizes,
    /// By which kind of tracepoint, if not by what the kernel needs.
    pub attachment: Option<Attachment>,
    /// How much of what calls touch is read.
    pub details: Details,
    /// The service of what is watched and has no other.
    pub service: ServiceId,
    /// Whether cgroups tell services, as [`Services`](crate::live::services::Services) is told; for
    /// a cgroup they always do.
    pub by_cgroup: bool,
}
