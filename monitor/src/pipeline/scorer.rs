//! The stage that scores.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError};

use super::allowance::Allowance;
use super::feed::{Batch, Shared, calls_in};
use super::reporting::{Report, Reporting};
use super::room::weight;
use super::writer::Statement;
use super::{Engine, PipelineError, Tap};
use crate::detect::verdict::Verdict;
use crate::report::hub::Hub;
use crate::report::sink::Origin;
use crate::run::clock::{WallClock, monotonic_ns};
use crate::run::memory::{self, Surge};
use crate::run::snapshot::{OutputStatus, Snapshot, Summary};
use crate::run::usage::{cpu_time, thread_cpu_time};
use crate::syscall::event::{Event, EventKind};

/// Calls after which a round of scoring begins even if more are queued, so that a verdict never
/// waits for a whole queue.
const ROUND: u64 = 1 << 14;

/// What the stage leaves behind.
pub(super) struct Scored {
    pub snapshot: Snapshot,
    /// How tap and engine did, if they keep anything.
    pub kept: Vec<OutputStatus>,
}

pub(super) struct Stage {
    pub engine: Box<dyn Engine>,
    pub tap: Option<Box<dyn Tap>>,
    pub hub: Hub,
    pub reporting: Reporting,
    /// Whether the events are of this host and of now.
    pub is_live: bool,
    /// The latest time of an event.
    pub now_ns: u64,
    pub incoming: Receiver<Batch>,
    pub statements: Sender<Statement>,
    pub shared: Arc<Shared>,
    pub tick: Duration,
    pub cpu: Option<Allowance>,
    pub begun: Instant,
    /// When the last call was made that was taken, by the clock of the events.
    pub last_call_ns: u64,
    /// How the queue's memory comes and goes.
    pub surge: Surge,
}

impl Stage {
    /// Works until the feed is closed and empty, or nobody listens any more.
    pub(super) fn run(mut self) -> Result<Scored, PipelineError> {
        let worked = self.work();
        // A recording is completed even when scoring failed: it shows what it failed on.
        let (source, unscored) = (self.shared.source(), self.shared.unscored());
        if let Some(tap) = &mut self.tap {
            tap.finish(&source, unscored);
        }
        worked?;
        let snapshot = self.snapshot();
        let _ = self.statements.send(Statement::Summary(Box::new(Summary {
            snapshot: snapshot.clone(),
            cpu: cpu_time(),
        })));
        let kept = self.kept().collect();
        Ok(Scored { snapshot, kept })
    }

    fn work(&mut self) -> Result<(), PipelineError> {
        let mut next_tick = self.begun + self.tick;
        loop {
            match self.incoming.recv_deadline(next_tick) {
                Ok(batch) => {
                    if !self.round(batch)? {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = Instant::now();
            if let Some(share) = self.cpu.as_mut().and_then(|cpu| cpu.share(now)) {
                self.engine.limit_model(share);
            }
            if now >= next_tick {
                if let Some(tap) = &mut self.tap {
                    tap.tick();
                }
                if !self.let_time_pass() {
                    return Ok(());
                }
                self.engine.tick();
                if self.surge.is_over(self.shared.room.bytes()) {
                    memory::give_back();
                }
                let status = Statement::Status(Box::new(self.snapshot()));
                // A writer that is behind tells a later state instead.
                if let Err(TrySendError::Disconnected(_)) = self.statements.try_send(status) {
                    return Ok(());
                }
                next_tick = now + self.tick * self.cpu.as_ref().map_or(1, Allowance::slower);
            }
        }
        self.end_streams()?;
        Ok(())
    }

    /// Scores `batch` and what else is queued by now. False when nobody listens any more.
    fn round(&mut self, mut batch: Batch) -> Result<bool, PipelineError> {
        self.surge.note(self.shared.room.bytes());
        let pressed = self.cpu.as_mut().filter(|_| self.shared.room.is_pressed());
        if let Some(share) = pressed.and_then(|cpu| cpu.press(Instant::now())) {
            self.engine.limit_model(share);
        }
        let mut taken = 0;
        let mut scored = 0;
        let began = thread_cpu_time();
        loop {
            match batch {
                Batch::Events(events) => taken += self.take(&events, &mut scored),
                Batch::Begin(origin) => return self.begin(origin),
            }
            if taken >= ROUND {
                break;
            }
            let Ok(next) = self.incoming.try_recv() else {
                break;
            };
            batch = next;
        }
        let mut verdicts = Vec::new();
        self.engine
            .score(&mut verdicts)
            .map_err(PipelineError::Scoring)?;
        let took = thread_cpu_time().saturating_sub(began);
        self.shared.room.scored(scored, took);
        Ok(self.tell(verdicts))
    }

    fn begin(&mut self, origin: Box<Origin>) -> Result<bool, PipelineError> {
        let went_on = self.end_streams()?;
        self.is_live = origin.clock == WallClock::Live;
        self.now_ns = 0;
        if let Some(offset) = origin.clock.offset_ns() {
            self.engine.set_clock_offset(offset);
        }
        Ok(went_on && self.statements.send(Statement::Begin(origin)).is_ok())
    }

    fn end_streams(&mut self) -> Result<bool, PipelineError> {
        let mut verdicts = Vec::new();
        self.engine
            .finish(&mut verdicts)
            .map_err(PipelineError::Scoring)?;
        let last = self.tell(verdicts);
        let reports = self.reporting.finish();
        Ok(last && self.send(reports))
    }

    /// Reports what is due although nothing happened. False when the sink is gone.
    fn let_time_pass(&mut self) -> bool {
        self.reporting.look();
        if !self.is_live {
            return true;
        }
        self.now_ns = self.now_ns.max(monotonic_ns());
        let mut verdicts = Vec::new();
        self.engine.advance(self.now_ns, &mut verdicts);
        self.tell(verdicts)
    }

    fn take(&mut self, batch: &[Event], taken: &mut u64) -> u64 {
        for event in batch {
            if let Some(tap) = &mut self.tap {
                tap.event(event);
            }
            if let Some(identify) = &mut self.reporting.identify {
                identify.note(event);
            }
            self.now_ns = self.now_ns.max(event.time_ns);
            if let EventKind::Calls(stretch) = &event.kind {
                self.last_call_ns = self.last_call_ns.max(stretch.last_ns);
            }
            self.engine.push(event);
            self.shared.room.leave(event);
            *taken += weight(event);
        }
        calls_in(batch)
    }

    fn tell(&mut self, verdicts: Vec<Verdict>) -> bool {
        let reports = self.reporting.reports(verdicts, self.now_ns);
        self.send(reports)
    }

    fn send(&self, reports: Vec<Report>) -> bool {
        reports.is_empty() || self.statements.send(Statement::Reports(reports)).is_ok()
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot {
            elapsed: self.begun.elapsed(),
            source: self.shared.source(),
            unscored: self.shared.unscored(),
            counters: self.engine.counters(),
            incidents: (
                self.reporting.incidents.opened(),
                self.reporting.incidents.open() as u64,
            ),
            cpu_allowed: self.cpu.as_ref().map(|cpu| cpu.allowed),
            cpu_exhausted: self.cpu.as_ref().is_some_and(Allowance::is_exhausted),
            outputs: self.outputs(),
            source_age: self.shared.source_age(),
            last_call_ns: self.last_call_ns,
        }
    }

    fn outputs(&self) -> Vec<OutputStatus> {
        let mut outputs = self.hub.health();
        outputs.extend(self.kept());
        outputs
    }

    /// How those do that keep something without being told by the hub.
    fn kept(&self) -> impl Iterator<Item = OutputStatus> {
        let recorded = self.tap.as_ref().and_then(|tap| tap.health());
        recorded.into_iter().chain(self.engine.health())
    }
}
