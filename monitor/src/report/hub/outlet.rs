//! One sink at work: its thread, its retries and its health.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::queue::{Next, Queue, Statement};
use crate::report::remarks::remark;
use crate::report::sink::{Origin, Sink};
use crate::run::snapshot::{OutputState, OutputStatus};

/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long one statement may take before the sink counts as blocked.
const BLOCKED: Duration = Duration::from_secs(5);

/// What is known of a sink from outside its thread.
pub(super) struct Health {
    name: String,
    begun: Instant,
    written: AtomicU64,
    failures: AtomicU64,
    dropped: AtomicU64,
    failing: AtomicBool,
    gone: AtomicBool,
    /// Nobody reads it any more.
    unread: AtomicBool,
    /// Milliseconds after `begun` at which the statement in hand was begun, 0 when there is none.
    busy_since: AtomicU64,
    error: Mutex<Option<String>>,
}

impl Health {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            begun: Instant::now(),
            written: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failing: AtomicBool::new(false),
            gone: AtomicBool::new(false),
            unread: AtomicBool::new(false),
            busy_since: AtomicU64::new(0),
            error: Mutex::new(None),
        }
    }

    pub(super) fn drop_counted(&self, count: u64) {
        self.dropped.fetch_add(count, Relaxed);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Relaxed)
    }

    pub(super) fn is_blocked(&self) -> bool {
        let since = self.busy_since.load(Relaxed);
        since > 0 && self.begun.elapsed() >= Duration::from_millis(since) + BLOCKED
    }

    pub(super) fn status(&self, queued: u64) -> OutputStatus {
        OutputStatus {
            name: self.name.clone(),
            state: if self.unread.load(Relaxed) {
                OutputState::Closed
            } else if self.is_gone() {
                OutputState::Ended
            } else if self.failing.load(Relaxed) {
                OutputState::Failing
            } else if self.is_blocked() {
                OutputState::Blocked
            } else {
                OutputState::Ok
            },
            written: self.written.load(Relaxed),
            failures: self.failures.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            queued,
            error: self.error().clone(),
        }
    }

    fn error(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) {
        let now = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.busy_since.store(now.max(1), Relaxed);
    }

    fn end(&self) {
        self.busy_since.store(0, Relaxed);
    }

    /// Notes a failure; the first of a series is told, unless the run ends with it and tells
    /// itself.
    fn failed(&self, error: &io::Error, then: &str, told: bool) {
        self.failures.fetch_add(1, Relaxed);
        *self.error() = Some(error.to_string());
        if !self.failing.swap(true, Relaxed) && told {
            remark(&format!("{}: {error}; {then}", self.name));
        }
    }

    fn succeeded(&self) {
        self.written.fetch_add(1, Relaxed);
        if self.failing.swap(false, Relaxed) {
            remark(&format!("{}: works again", self.name));
        }
    }
}

/// How a sink deals with an error.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum OnError {
    /// Try the same statement again, later.
    Retry,
    /// Take nothing any more.
    Stop,
}

/// A sink with its queue.
pub(super) struct Outlet {
    pub sink: Box<dyn Sink>,
    pub queue: Arc<Queue>,
    pub health: Arc<Health>,
    pub on_error: OnError,
}

/// Takes nothing any more, even when the sink panics.
struct EndMark(Arc<Queue>, Arc<Health>);

impl Drop for EndMark {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.1.gone.store(true, Relaxed);
        }
        self.1.drop_counted(self.0.abandon());
    }
}

impl Outlet {
    /// Tells the sink everything until its queue is closed.
    pub(super) fn run(mut self) {
        let _mark = EndMark(Arc::clone(&self.queue), Arc::clone(&self.health));
        let mut origin = Arc::<Origin>::default();
        while let Next::Statement(statement) = self.queue.next() {
            if let Statement::Verdict(from, _) | Statement::Incident(from, _) = &statement
                && origin != *from
            {
                self.sink.origin(from);
                origin = Arc::clone(from);
            }
            if !self.deliver(&statement) {
                self.health.gone.store(true, Relaxed);
                return;
            }
        }
    }

    /// False when the sink will not take anything any more.
    fn deliver(&mut self, statement: &Statement) -> bool {
        let mut pause = FIRST_PAUSE;
        let counts = statement.is_counted();
        loop {
            self.health.begin();
            let told = tell(self.sink.as_mut(), statement);
            self.health.end();
            let Err(error) = told else {
                if counts {
                    self.health.succeeded();
                }
                return true;
            };
            let then = match error.kind() {
                io::ErrorKind::BrokenPipe => "nobody reads it any more",
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => "refused for good",
                _ if self.on_error == OnError::Stop => "given up",
                _ => "tried again",
            };
            let told = self.on_error == OnError::Retry;
            self.health.failed(&error, then, told);
            if error.kind() == io::ErrorKind::BrokenPipe {
                self.health.unread.store(true, Relaxed);
            }
            match then {
                "refused for good" => {
                    self.health.drop_counted(u64::from(counts));
                    return true;
                }
                "tried again" => {}
                // The end of the thread counts what is in hand.
                _ => return false,
            }
            // The state of the run is out of date by then.
            if !counts {
                return true;
            }
            if !self.queue.rest(Instant::now() + pause) {
                // The run ends: one attempt is left.
                if tell(self.sink.as_mut(), statement).is_ok() {
                    self.health.succeeded();
                } else {
                    self.health.drop_counted(1);
                }
                return true;
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

fn tell(sink: &mut dyn Sink, statement: &Statement) -> io::Result<()> {
    match statement {
        Statement::Verdict(_, verdict) => sink.verdict(verdict),
        Statement::Incident(_, incident) => sink.incident(incident),
        Statement::Action(said) => sink.action(said),
        Statement::Status(snapshot) => sink.status(snapshot),
        Statement::Summary(summary) => sink.summary(summary),
    }
}
