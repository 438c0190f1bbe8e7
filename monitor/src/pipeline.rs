//! Runs reader, scorer and sink apart.
//!
//! The source hands batches of events to a [`Feed`]; a thread drains its bounded queue, records the
//! events if asked to, and scores them; another tells the outputs of a [`Hub`], each of which has a
//! thread of its own. A slow output slows nobody but itself, unless it was started to be waited
//! for; a slow scorer fills the queue, and what happens then is the source's choice: [`Feed::send`]
//! waits, [`Feed::offer`] counts what is refused.

pub mod unjudged;

pub mod recorder;

mod allowance;
mod engine;
mod feed;
mod room;
mod scorer;
mod writer;

pub mod reporting;

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use thiserror::Error;

use crate::detect::counters::Counters;
use crate::detect::verdict::Verdict;
use crate::report::hub::{Hub, Listener};
use crate::run::memory::{Surge, spare_bytes};
use crate::run::snapshot::{OutputStatus, Snapshot, SourceStatus, Unscored};
use crate::syscall::event::Event;

use allowance::Allowance;
pub use feed::{Closed, Feed};
use feed::{EndMark, Shared};
pub use reporting::Reporting;
use room::Room;
use scorer::Scored;

/// Why an engine cannot go on.
pub type EngineError = Box<dyn Error + Send + Sync>;

/// What the scorer thread runs; [`crate::detect`] has the real one.
pub trait Engine: Send {
    /// Queues an event: cheap, no inference.
    fn push(&mut self, event: &Event);

    /// Judges all that was queued.
    ///
    /// # Errors
    /// When inference fails.
    fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        let _ = verdicts;
        Ok(())
    }

    /// Judges all that was queued and ends every thread's stream. More may follow, of other
    /// threads.
    ///
    /// # Errors
    /// When inference fails.
    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        let _ = verdicts;
        Ok(())
    }

    /// What was counted so far.
    fn counters(&self) -> Counters {
        Counters::default()
    }

    /// Says how the clock of the events that follow relates to the time of day: the nanoseconds to
    /// add.
    fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        let _ = unix_offset_ns;
    }

    /// Lets time pass to `now_ns`, by the clock of the events, although none came.
    fn advance(&mut self, now_ns: u64, verdicts: &mut Vec<Verdict>) {
        let _ = (now_ns, verdicts);
    }

    /// Time has passed: called several times a second, between rounds of scoring, also when nothing
    /// happens.
    fn tick(&mut self) {}

    /// How keeping goes, where the engine keeps something and that can fail.
    fn health(&self) -> Option<OutputStatus> {
        None
    }

    /// Lets the costly part see only that share of the calls that ask for it from now on, between 0
    /// and 1.
    fn limit_model(&mut self, share: f64) {
        let _ = share;
    }
}

/// Sees every event just before it is scored, so that a recording holds exactly what was.
pub trait Tap: Send {
    /// One event. What cannot be kept is counted, and the run goes on.
    fn event(&mut self, event: &Event);

    /// Time has passed: called several times a second, also when nothing happens.
    fn tick(&mut self) {}

    /// No more events come; this is what the source and the queue lost.
    fn finish(&mut self, source: &SourceStatus, unscored: Unscored) {
        let _ = (source, unscored);
    }

    /// How keeping goes, where that can fail.
    fn health(&self) -> Option<OutputStatus> {
        None
    }
}

/// What a pipeline is made of.
pub struct Parts {
    /// Judges the events.
    pub engine: Box<dyn Engine>,
    /// Keeps them.
    pub tap: Option<Box<dyn Tap>>,
    /// Told what comes of it. They are started with the pipeline, with the rights of who starts it.
    pub listeners: Vec<Listener>,
    /// Groups alarms into incidents and says who it was.
    pub reporting: Reporting,
    /// What may wait to be scored.
    pub queue: Queue,
    /// How often the outputs hear how the run stands.
    pub tick: Duration,
    /// What the whole process may use of one core, if that is limited (0.25 is a quarter).
    pub cpu: Option<f64>,
}

/// What may wait to be scored.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    /// Batches, whatever is in them.
    pub batches: usize,
    /// Calls that may wait however slow the scorer is. How many more, up to 8 million, follows from
    /// how fast it is; what comes beyond is left out and counted ([`Unscored`]).
    pub least_calls: u64,
}

impl Queue {
    /// A queue of so many batches, of which a quarter of a million calls may wait at least.
    #[must_use]
    pub const fn of(batches: usize) -> Self {
        Self {
            batches,
            least_calls: room::LEAST,
        }
    }
}

/// Why a run failed.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// A stage could not be started.
    #[error("cannot start a thread: {0}")]
    Spawn(io::Error),
    /// The engine failed.
    #[error("scoring failed: {0}")]
    Scoring(EngineError),
    /// A stage panicked: a defect of the monitor.
    #[error("the {0} stopped on an internal error (please report it)")]
    Panicked(&'static str),
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The final counts.
    pub snapshot: Snapshot,
    /// How each output did, the recording and a profile that was learned on among them.
    pub outputs: Vec<OutputStatus>,
    /// Every output was given up before the end, and with them the run.
    pub output_closed: bool,
}

/// The two stages behind a [`Feed`].
pub struct Pipeline {
    scorer: JoinHandle<Result<Scored, PipelineError>>,
    writer: JoinHandle<(Vec<OutputStatus>, bool)>,
    hub: Hub,
}

/// Statements that may wait for the writer, which waits for nobody.
const QUEUED_STATEMENTS: usize = 256;

impl Pipeline {
    /// Starts both stages.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(parts: Parts) -> Result<(Feed, Self), PipelineError> {
        let shared = Arc::new(Shared::new(Room::new(
            spare_bytes(),
            parts.queue.least_calls,
        )));
        let (batches, incoming) = bounded(parts.queue.batches);
        let (statements, outgoing) = bounded(QUEUED_STATEMENTS);

        let mark = EndMark(Arc::clone(&shared));
        let hub = Hub::start(parts.listeners).map_err(PipelineError::Spawn)?;
        let told = hub.clone();
        let writer = thread::Builder::new()
            .name("writer".into())
            .spawn(move || {
                let _mark = mark;
                writer::run(told, &outgoing)
            })
            .map_err(PipelineError::Spawn)?;

        let stage = scorer::Stage {
            engine: parts.engine,
            tap: parts.tap,
            hub: hub.clone(),
            reporting: parts.reporting,
            is_live: false,
            now_ns: 0,
            incoming,
            statements,
            shared: Arc::clone(&shared),
            tick: parts.tick,
            cpu: parts.cpu.map(Allowance::new),
            begun: Instant::now(),
            last_call_ns: 0,
            surge: Surge::default(),
        };
        let scorer = thread::Builder::new()
            .name("scorer".into())
            .spawn(move || {
                let _mark = EndMark(Arc::clone(&stage.shared));
                stage.run()
            })
            .map_err(PipelineError::Spawn)?;
        let pipeline = Self {
            scorer,
            writer,
            hub,
        };
        Ok((Feed::new(batches, shared), pipeline))
    }

    /// The outputs of the run.
    #[must_use]
    pub fn hub(&self) -> Hub {
        self.hub.clone()
    }

    /// Scores what is still queued, ends every stream, writes the summary and waits for both
    /// stages.
    ///
    /// # Errors
    /// When a stage failed, now or before.
    pub fn finish(self, feed: Feed) -> Result<Outcome, PipelineError> {
        feed.close();
        let scored = self.scorer.join();
        let (mut outputs, output_closed) = self
            .writer
            .join()
            .map_err(|_| PipelineError::Panicked("writer"))?;
        let scored = scored.map_err(|_| PipelineError::Panicked("scorer"))??;
        outputs.extend(scored.kept);
        Ok(Outcome {
            snapshot: scored.snapshot,
            outputs,
            output_closed,
        })
    }
}

#[cfg(test)]
mod tests;
