//! Hands every statement about a run to every output, and lets none of them hold up the others.
//!
//! Each sink has a thread and a bounded queue of its own. What a sink cannot take is tried again,
//! with longer and longer pauses, while its queue drops the oldest; only a sink that is started
//! with [`Policy::Wait`] may hold up who speaks. At the end each sink gets a little time for what
//! still waits. Whatever was not written is counted.

mod line;
mod outlet;
mod queue;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::detect::verdict::Verdict;
use crate::incident::Incident;
use crate::report::sink::{Origin, Sink};
use crate::report::tally::Tally;
use crate::response::statement::ActionStatement;
use crate::run::snapshot::{OutputStatus, Snapshot, Summary};

use line::Line;
use outlet::{Health, OnError, Outlet};
pub use queue::Policy;
use queue::{Queue, Statement};

/// Verdicts that may wait for one sink. They are shared between the queues.
const QUEUED: usize = 4096;

/// How long the end of a run waits for sinks that others must not wait for.
const GRACE: Duration = Duration::from_secs(2);

/// What a sink is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// It tells a person or another program of alarms: a run without any that still works has no
    /// use.
    Telling,
    /// It keeps alarms for later.
    Keeping,
    /// It shows how the run stands: no loss when it cannot.
    Showing,
}

/// A sink to be started.
pub struct Listener {
    /// What messages and the status call it.
    pub name: String,
    /// The sink.
    pub sink: Box<dyn Sink>,
    /// What it is for.
    pub role: Role,
    /// What happens when it is slow.
    pub policy: Policy,
    /// Verdicts that may wait for it; `None` for the usual number.
    pub queue: Option<usize>,
}

impl Listener {
    /// A sink that is never waited for.
    #[must_use]
    pub fn new(name: impl Into<String>, role: Role, sink: Box<dyn Sink>) -> Self {
        Self {
            name: name.into(),
            sink,
            role,
            policy: Policy::DropOldest,
            queue: None,
        }
    }

    /// With another policy.
    #[must_use]
    pub fn with(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }
}

/// How the run stood, and when that was said.
type LastStatus = Option<(Instant, Arc<Snapshot>)>;

/// The outputs of a run. A clone speaks to the same ones.
#[derive(Clone, Default)]
pub struct Hub {
    lines: Arc<Mutex<Vec<Line>>>,
    origin: Arc<Origin>,
    tally: Arc<Tally>,
    last_status: Arc<Mutex<LastStatus>>,
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

impl Hub {
    /// Starts every one of `listeners`.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(listeners: Vec<Listener>) -> io::Result<Self> {
        let hub = Self::default();
        listeners.into_iter().try_for_each(|one| hub.add(one))?;
        Ok(hub)
    }

    /// Starts one more.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub fn add(&self, listener: Listener) -> io::Result<()> {
        let queue = Arc::new(Queue::new(
            listener.queue.unwrap_or(QUEUED),
            listener.policy,
        ));
        let health = Arc::new(Health::new(listener.name.clone()));
        let interest = listener.sink.interest();
        let outlet = Outlet {
            sink: listener.sink,
            queue: Arc::clone(&queue),
            health: Arc::clone(&health),
            on_error: match listener.policy {
                Policy::Wait => OnError::Stop,
                Policy::DropOldest => OnError::Retry,
            },
        };
        let thread = thread::Builder::new()
            .name("output".into())
            .spawn(move || outlet.run())?;
        self.lock().push(Line {
            role: listener.role,
            interest,
            policy: listener.policy,
            queue,
            health,
            thread: Some(thread),
        });
        Ok(())
    }

    /// Ends the outputs of a name once they have written what waits for them.
    pub fn remove(&self, name: &str) {
        self.lock().retain(|line| {
            let named = line.health.status(0).name == name;
            if named {
                line.queue.close();
            }
            !named
        });
    }

    /// Says where the verdicts that follow come from.
    pub fn origin(&mut self, origin: Origin) {
        self.origin = Arc::new(origin);
    }

    /// Tells one verdict.
    pub fn verdict(&self, verdict: Verdict) {
        if let Verdict::Alarm(alarm) = &verdict {
            self.tally.count(alarm);
        }
        let verdict = Arc::new(verdict);
        for line in self.lock().iter() {
            if line.interest.wants(&verdict) {
                line.push(Statement::Verdict(
                    Arc::clone(&self.origin),
                    Arc::clone(&verdict),
                ));
            }
        }
    }

    /// Tells one statement about an incident.
    pub fn incident(&self, incident: Incident) {
        let incident = Arc::new(incident);
        let lines = self.lock();
        for line in lines
            .iter()
            .filter(|it| it.interest.wants_incident(&incident))
        {
            line.push(Statement::Incident(
                Arc::clone(&self.origin),
                Arc::clone(&incident),
            ));
        }
    }

    /// Tells what became of an action.
    pub fn action(&self, said: ActionStatement) {
        let said = Arc::new(said);
        for line in self.lock().iter().filter(|it| it.interest.incidents) {
            line.push(Statement::Action(Arc::clone(&said)));
        }
    }

    /// Tells how the run stands.
    pub fn status(&self, snapshot: Snapshot) {
        let snapshot = Arc::new(snapshot);
        let last = (Instant::now(), Arc::clone(&snapshot));
        *self
            .last_status
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(last);
        for line in self.lock().iter().filter(|line| line.interest.status) {
            line.push(Statement::Status(Arc::clone(&snapshot)));
        }
    }

    /// The last state of the run, and when it was told.
    #[must_use]
    pub fn last_status(&self) -> Option<(Instant, Arc<Snapshot>)> {
        let last = self.last_status.lock();
        last.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Alarms that were told, counted before any output may drop one.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether nobody is left to be told of anything.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        let lines = self.lock();
        let mut listeners = lines
            .iter()
            .filter(|line| line.role != Role::Showing)
            .peekable();
        listeners.peek().is_some() && listeners.all(|line| line.health.is_gone())
    }

    /// How each output does, those that only show the run left out.
    #[must_use]
    pub fn health(&self) -> Vec<OutputStatus> {
        let lines = self.lock();
        let heard = lines.iter().filter(|line| line.role != Role::Showing);
        heard
            .map(|line| line.health.status(line.queue.len()))
            .collect()
    }

    /// Lets every output write what waits for it, and then the summary, if there is one; gives how
    /// each did, those that only show the run left out.
    #[must_use]
    pub fn finish(self, summary: Option<Summary>) -> Vec<OutputStatus> {
        let mut lines = std::mem::take(&mut *self.lock());
        let begun = Instant::now();
        // One that is stuck leaves the others the second half for their summary.
        let (half, deadline) = (begun + GRACE / 2, begun + GRACE);
        for line in &lines {
            line.queue.hurry();
        }
        for line in &lines {
            line.queue.drained(line.deadline(half));
        }
        if let Some(mut summary) = summary {
            summary.snapshot.outputs = lines
                .iter()
                .filter(|line| line.role != Role::Showing)
                .map(|line| line.health.status(line.queue.len()))
                .collect();
            let summary = Arc::new(summary);
            for line in lines.iter().filter(|line| line.interest.summary) {
                line.push(Statement::Summary(Arc::clone(&summary)));
            }
        }
        for line in &lines {
            line.queue.close();
        }
        lines
            .iter_mut()
            .filter_map(|line| {
                let status = line.end(deadline);
                (line.role != Role::Showing).then_some(status)
            })
            .collect()
    }

    // Nothing that may panic runs under the lock.
    fn lock(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
