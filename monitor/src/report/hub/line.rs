//! An output that was started: its queue, how it does, and its thread.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use super::Role;
use super::outlet::Health;
use super::queue::{Policy, Queue, Statement};
use crate::report::sink::Interest;
use crate::run::snapshot::OutputStatus;

pub(super) struct Line {
    pub role: Role,
    pub interest: Interest,
    pub policy: Policy,
    pub queue: Arc<Queue>,
    pub health: Arc<Health>,
    pub thread: Option<JoinHandle<()>>,
}

impl Line {
    pub(super) fn push(&self, statement: Statement) {
        let dropped = self.queue.push(statement);
        if dropped > 0 {
            self.health.drop_counted(dropped);
        }
    }

    pub(super) fn deadline(&self, deadline: Instant) -> Option<Instant> {
        match self.policy {
            Policy::Wait => None,
            // What took nothing for seconds will not begin now.
            Policy::DropOldest if self.health.is_blocked() => Some(Instant::now()),
            Policy::DropOldest => Some(deadline),
        }
    }

    /// Waits for what still waits; counts what is left at the deadline, and leaves the thread to
    /// the end of the process.
    pub(super) fn end(&mut self, deadline: Instant) -> OutputStatus {
        if self.queue.drained(self.deadline(deadline)) {
            if let Some(thread) = self.thread.take() {
                // A sink that panicked is counted by its own mark.
                let _ = thread.join();
            }
        } else {
            self.health.drop_counted(self.queue.abandon());
        }
        self.health.status(0)
    }
}
