//! The source's end of the pipeline.

use std::collections::VecDeque;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Sender, TrySendError};
use thiserror::Error;

use crate::report::sink::Origin;
use crate::run::snapshot::{SourceStatus, Unscored};
use crate::syscall::event::{Event, EventKind};

/// Calls that may wait to be scored: room for a burst, and no more than one core scores in a few
/// seconds, so that a verdict is never older than that.
const QUEUED_CALLS: u64 = 1 << 17;

/// Forks, execs and exits that wait for room in the queue.
const BACKLOG: usize = 1 << 16;

/// The stages behind the feed have ended: why, [`super::Pipeline::finish`] tells.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the run has ended")]
pub struct Closed;

/// What source and scorer both look at.
#[derive(Default)]
pub(super) struct Shared {
    ended: AtomicBool,
    queued_calls: AtomicU64,
    unscored_calls: AtomicU64,
    unscored_stretches: AtomicU64,
    unscored_lifecycle: AtomicU64,
    source: Mutex<SourceStatus>,
}

impl Shared {
    pub(super) fn taken(&self, calls: u64) {
        self.queued_calls.fetch_sub(calls, Relaxed);
    }

    /// Whether calls come faster than they are taken.
    pub(super) fn is_pressed(&self) -> bool {
        self.queued_calls.load(Relaxed) > QUEUED_CALLS / 4
    }

    pub(super) fn source(&self) -> SourceStatus {
        lock(&self.source).clone()
    }

    pub(super) fn unscored(&self) -> Unscored {
        Unscored {
            calls: self.unscored_calls.load(Relaxed),
            stretches: self.unscored_stretches.load(Relaxed),
            lifecycle: self.unscored_lifecycle.load(Relaxed),
        }
    }
}

/// Tells the source that a stage has ended, however it did.
pub(super) struct EndMark(pub Arc<Shared>);

impl Drop for EndMark {
    fn drop(&mut self) {
        self.0.ended.store(true, Relaxed);
    }
}

/// What stands in the queue.
pub(super) enum Batch {
    Events(Vec<Event>),
    Begin(Box<Origin>),
}

/// Where a source puts its events.
pub struct Feed {
    batches: Sender<Batch>,
    shared: Arc<Shared>,
    backlog: Mutex<VecDeque<Event>>,
}

impl Feed {
    pub(super) fn new(batches: Sender<Batch>, shared: Arc<Shared>) -> Self {
        Self {
            batches,
            shared,
            backlog: Mutex::default(),
        }
    }

    /// Says where the events that follow come from, and ends the streams of what came before: its
    /// threads have nothing to do with those that follow. Waits while the queue is full.
    ///
    /// # Errors
    /// When the stages behind have ended.
    pub fn begin(&self, origin: Origin) -> Result<(), Closed> {
        let begin = Batch::Begin(Box::new(origin));
        self.batches.send(begin).map_err(|_| Closed)
    }

    /// Hands `batch` over and waits while the queue is full: for sources that can wait.
    ///
    /// # Errors
    /// When the stages behind have ended.
    pub fn send(&self, batch: Vec<Event>) -> Result<(), Closed> {
        if batch.is_empty() {
            return self.check();
        }
        let calls = calls_in(&batch);
        self.shared.queued_calls.fetch_add(calls, Relaxed);
        let batch = Batch::Events(batch);
        self.batches.send(batch).map_err(|_| Closed)
    }

    /// Hands `batch` over without ever waiting: for the kernel, which does not wait either.
    ///
    /// What a full queue refuses is counted: calls as unscored (the detector sees the gap in the
    /// sequence numbers), while forks, execs and exits are kept for the next offer. An empty batch
    /// hands over only those; offer one now and then when nothing happens.
    ///
    /// # Errors
    /// When the stages behind have ended.
    pub fn offer(&self, batch: Vec<Event>) -> Result<(), Closed> {
        let mut backlog = lock(&self.backlog);
        let batch = if backlog.is_empty() {
            batch
        } else {
            let mut waiting: Vec<_> = mem::take(&mut *backlog).into();
            waiting.extend(batch);
            waiting
        };
        if batch.is_empty() {
            return self.check();
        }
        let calls = calls_in(&batch);
        let queued = self.shared.queued_calls.fetch_add(calls, Relaxed);
        // A single batch above the limit is taken by an empty queue.
        let refused = if queued > 0 && queued + calls > QUEUED_CALLS {
            batch
        } else {
            match self.batches.try_send(Batch::Events(batch)) {
                Err(TrySendError::Full(Batch::Events(batch))) => batch,
                Err(TrySendError::Disconnected(_)) => return Err(Closed),
                _ => return Ok(()),
            }
        };
        self.shared.taken(calls);
        self.keep_lifecycle(&mut backlog, refused);
        self.check()
    }

    /// Tells the reports what the source counted, replacing what it told before.
    pub fn publish(&self, status: SourceStatus) {
        *lock(&self.shared.source) = status;
    }

    /// What was refused so far.
    #[must_use]
    pub fn unscored(&self) -> Unscored {
        self.shared.unscored()
    }

    /// Whether the stages behind still run; a source with nothing to hand over asks now and then.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.shared.ended.load(Relaxed)
    }

    fn check(&self) -> Result<(), Closed> {
        if self.is_open() { Ok(()) } else { Err(Closed) }
    }

    fn keep_lifecycle(&self, backlog: &mut VecDeque<Event>, refused: Vec<Event>) {
        for event in refused {
            if let EventKind::Calls(stretch) = &event.kind {
                let calls = stretch.calls.len() as u64;
                self.shared.unscored_calls.fetch_add(calls, Relaxed);
                self.shared.unscored_stretches.fetch_add(1, Relaxed);
            } else if backlog.len() < BACKLOG {
                backlog.push_back(event);
            } else {
                self.shared.unscored_lifecycle.fetch_add(1, Relaxed);
            }
        }
    }

    /// Hands over what still waits and closes the queue.
    pub(super) fn close(self) {
        let backlog = mem::take(&mut *lock(&self.backlog));
        // A stage that has ended already says itself why.
        let _ = self.send(backlog.into());
    }
}

/// System calls in `batch`.
pub(super) fn calls_in(batch: &[Event]) -> u64 {
    let calls = |event: &Event| match &event.kind {
        EventKind::Calls(stretch) => stretch.calls.len() as u64,
        _ => 0,
    };
    batch.iter().map(calls).sum()
}

// What the locks guard is replaced whole, so a panic elsewhere cannot leave it half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
