//! The source's end of the pipeline.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, TrySendError};
use thiserror::Error;

use super::room::Room;
use crate::report::sink::Origin;
use crate::run::snapshot::{SourceStatus, Unscored};
use crate::syscall::event::{Event, EventKind};

/// The stages behind the feed have ended: why, [`super::Pipeline::finish`] tells.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the run has ended")]
pub struct Closed;

/// What source and scorer both look at.
pub(super) struct Shared {
    ended: AtomicBool,
    /// How much waits to be scored, and of whom.
    pub(super) room: Room,
    unscored_calls: AtomicU64,
    unscored_stretches: AtomicU64,
    unscored_lifecycle: AtomicU64,
    unscored_touches: AtomicU64,
    source: Mutex<SourceStatus>,
    /// When the source last published.
    published: Mutex<Option<Instant>>,
}

impl Shared {
    pub(super) fn new(room: Room) -> Self {
        Self {
            ended: AtomicBool::default(),
            room,
            unscored_calls: AtomicU64::default(),
            unscored_stretches: AtomicU64::default(),
            unscored_lifecycle: AtomicU64::default(),
            unscored_touches: AtomicU64::default(),
            source: Mutex::default(),
            published: Mutex::default(),
        }
    }

    pub(super) fn source(&self) -> SourceStatus {
        lock(&self.source).clone()
    }

    /// How long ago the source gave a sign of life.
    pub(super) fn source_age(&self) -> Option<Duration> {
        lock(&self.published).map(|at| at.elapsed())
    }

    pub(super) fn unscored(&self) -> Unscored {
        Unscored {
            calls: self.unscored_calls.load(Relaxed),
            stretches: self.unscored_stretches.load(Relaxed),
            lifecycle: self.unscored_lifecycle.load(Relaxed),
            touches: self.unscored_touches.load(Relaxed),
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
    /// What was let in and waits for its turn in the channel.
    waiting: Mutex<Vec<Event>>,
}

impl Feed {
    pub(super) fn new(batches: Sender<Batch>, shared: Arc<Shared>) -> Self {
        Self {
            batches,
            shared,
            waiting: Mutex::default(),
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
        batch.iter().for_each(|event| self.shared.room.enter(event));
        let batch = Batch::Events(batch);
        self.batches.send(batch).map_err(|_| Closed)
    }

    /// Hands `batch` over without ever waiting: for the kernel, which does not wait either.
    ///
    /// What there is no room for is counted and dropped before anything is moved: calls of the
    /// threads that fill the queue, as unscored (the detector sees the gap in the sequence
    /// numbers). An empty batch hands over only what waits; offer one now and then when nothing
    /// happens.
    ///
    /// # Errors
    /// When the stages behind have ended.
    pub fn offer(&self, batch: Vec<Event>) -> Result<(), Closed> {
        let mut waiting = lock(&self.waiting);
        for event in batch {
            if self.shared.room.admit(&event) {
                waiting.push(event);
            } else {
                self.refuse(&event);
            }
        }
        if waiting.is_empty() || self.batches.is_full() {
            return self.check();
        }
        match self
            .batches
            .try_send(Batch::Events(mem::take(&mut *waiting)))
        {
            Err(TrySendError::Full(Batch::Events(events))) => *waiting = events,
            Err(TrySendError::Disconnected(_)) => return Err(Closed),
            _ => {}
        }
        self.check()
    }

    /// Tells the reports what the source counted, replacing what it told before.
    pub fn publish(&self, status: SourceStatus) {
        *lock(&self.shared.source) = status;
        *lock(&self.shared.published) = Some(Instant::now());
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

    fn refuse(&self, event: &Event) {
        let shared = &self.shared;
        match &event.kind {
            EventKind::Calls(stretch) => {
                let calls = stretch.calls.len() as u64;
                shared.unscored_calls.fetch_add(calls, Relaxed);
                shared.unscored_stretches.fetch_add(1, Relaxed);
            }
            EventKind::Touch(_) => {
                shared.unscored_touches.fetch_add(1, Relaxed);
            }
            _ => {
                shared.unscored_lifecycle.fetch_add(1, Relaxed);
            }
        }
    }

    /// Hands over what still waits and closes the queue.
    pub(super) fn close(self) {
        let waiting = mem::take(&mut *lock(&self.waiting));
        if !waiting.is_empty() {
            // A stage that has ended already says itself why.
            let _ = self.batches.send(Batch::Events(waiting));
        }
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

#[cfg(test)]
mod tests;
