//! What is queued to be judged, in the order of the events.

use crate::detect::threads::Entry;
use crate::syscall::event::{Comm, Event, EventKind, ThreadKey};

/// What is to be judged, in order; the calls themselves stand in [`Detector::calls`].
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A stream begins at this call of its thread.
    Restart {
        slot: u32,
        seq: u64,
        /// Calls that are missing before it.
        missing: u64,
        /// When it was made.
        time_ns: u64,
    },
    /// Calls that follow.
    Calls {
        slot: u32,
        seq: u64,
        calls: usize,
        /// Calls of the same stretch before these.
        before: usize,
        comm: Comm,
        /// When the first and the last call of the whole stretch were made.
        time_ns: (u64, u64),
        queued: Queued,
    },
    /// A call touched something: the next of [`Detector::touches`].
    Touched { slot: u32, time_ns: u64 },
    /// A thread ended or was evicted.
    End { slot: u32, entry: Entry },
    /// Something other than calls.
    Happened {
        thread: ThreadKey,
        comm: Comm,
        life: Life,
    },
}

/// What the model was asked of a stretch, without a profile.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Queued {
    /// Whether it sees the stretch.
    pub taken: bool,
    /// Answers that come before it: those of the warm-up.
    pub warmed: usize,
}

/// What may happen in the life of a process.
#[derive(Clone, Copy, Debug)]
pub(super) enum Life {
    Fork { child_tgid: u32 },
    Exec,
    Exit,
}

impl Step {
    /// The step of an event that is not of calls.
    pub(super) fn happened(event: &Event) -> Self {
        Self::Happened {
            thread: event.thread,
            comm: event.comm,
            life: match event.kind {
                EventKind::Fork { child_tgid, .. } => Life::Fork { child_tgid },
                EventKind::Exit { .. } => Life::Exit,
                EventKind::Exec | EventKind::Calls(_) | EventKind::Touch(_) => Life::Exec,
            },
        }
    }
}
