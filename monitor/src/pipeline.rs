//! Runs reader, scorer and sink apart.
//!
//! The source hands batches of events to a [`Feed`]; a thread drains its bounded queue, records the
//! events if asked to, and scores them; another writes verdicts and the state of the run. A slow
//! sink slows the scorer, a slow scorer fills the queue, and what happens then is the source's
//! choice: [`Feed::send`] waits, [`Feed::offer`] counts what is refused.

pub mod unjudged;

mod allowance;
mod engine;
mod feed;
mod scorer;
mod writer;

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use thiserror::Error;

use crate::detect::counters::Counters;
use crate::detect::verdict::Verdict;
use crate::report::sink::Sink;
use crate::run::snapshot::{Snapshot, SourceStatus, Unscored};
use crate::syscall::event::Event;

use allowance::Allowance;
pub use feed::{Closed, Feed};
use feed::{EndMark, Shared};

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
    fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError>;

    /// Judges all that was queued and ends every thread's stream. More may follow, of other threads.
    ///
    /// # Errors
    /// When inference fails.
    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError>;

    /// What was counted so far.
    fn counters(&self) -> Counters;

    /// Lets the costly part see only that share of the calls that ask for it from now on, between 0 and 1.
    fn limit_model(&mut self, share: f64) {
        let _ = share;
    }
}

/// Sees every event just before it is scored, so that a recording holds exactly what was.
pub trait Tap: Send {
    /// One event.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// No more events come; this is what the source and the queue lost.
    ///
    /// # Errors
    /// When what was kept cannot be completed.
    fn finish(&mut self, source: &SourceStatus, unscored: Unscored) -> io::Result<()>;
}

/// What a pipeline is made of.
pub struct Parts {
    /// Judges the events.
    pub engine: Box<dyn Engine>,
    /// Keeps them.
    pub tap: Option<Box<dyn Tap>>,
    /// Shows what comes of it.
    pub sink: Box<dyn Sink>,
    /// How many batches may wait to be scored.
    pub queued_batches: usize,
    /// How often the sink hears how the run stands.
    pub tick: Duration,
    /// What the whole process may use of one core, if that is limited (0.25 is a quarter).
    pub cpu: Option<f64>,
}

/// Why a run failed.
#[derive(Debug, Error)]
pub enum PipelineError {
    /// A stage could not be started.
    #[error("cannot start a thread: {0}")]
    Spawn(#[source] io::Error),
    /// The engine failed.
    #[error("scoring failed: {0}")]
    Scoring(#[source] EngineError),
    /// The tap failed.
    #[error("the recording cannot be written: {0}")]
    Recording(#[source] io::Error),
    /// The sink failed.
    #[error("the output cannot be written: {0}")]
    Output(#[source] io::Error),
    /// A stage panicked: a defect of the monitor.
    #[error("the {0} stopped on an internal error (please report it)")]
    Panicked(&'static str),
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The final counts.
    pub snapshot: Snapshot,
    /// The reader of the output went away before the end.
    pub output_closed: bool,
}

/// The two stages behind a [`Feed`].
pub struct Pipeline {
    scorer: JoinHandle<Result<Snapshot, PipelineError>>,
    writer: JoinHandle<io::Result<()>>,
}

/// Verdicts that may wait for the sink.
const QUEUED_STATEMENTS: usize = 256;

impl Pipeline {
    /// Starts both stages.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn start(parts: Parts) -> Result<(Feed, Self), PipelineError> {
        let shared = Arc::new(Shared::default());
        let (batches, incoming) = bounded(parts.queued_batches);
        let (statements, outgoing) = bounded(QUEUED_STATEMENTS);

        let mark = EndMark(Arc::clone(&shared));
        let sink = parts.sink;
        let writer = thread::Builder::new()
            .name("sink".into())
            .spawn(move || {
                let _mark = mark;
                writer::run(sink, &outgoing)
            })
            .map_err(PipelineError::Spawn)?;

        let stage = scorer::Stage {
            engine: parts.engine,
            tap: parts.tap,
            incoming,
            statements,
            shared: Arc::clone(&shared),
            tick: parts.tick,
            cpu: parts.cpu.map(Allowance::new),
            begun: Instant::now(),
        };
        let scorer = thread::Builder::new()
            .name("scorer".into())
            .spawn(move || {
                let _mark = EndMark(Arc::clone(&stage.shared));
                stage.run()
            })
            .map_err(PipelineError::Spawn)?;
        Ok((Feed::new(batches, shared), Self { scorer, writer }))
    }

    /// Scores what is still queued, ends every stream, writes the summary and waits for both stages.
    ///
    /// # Errors
    /// When a stage failed, now or before.
    pub fn finish(self, feed: Feed) -> Result<Outcome, PipelineError> {
        feed.close();
        let scored = self.scorer.join();
        let written = self
            .writer
            .join()
            .map_err(|_| PipelineError::Panicked("sink"))?;
        let snapshot = scored.map_err(|_| PipelineError::Panicked("scorer"))??;
        let output_closed = match written {
            Ok(()) => false,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => true,
            Err(error) => return Err(PipelineError::Output(error)),
        };
        Ok(Outcome {
            snapshot,
            output_closed,
        })
    }
}

#[cfg(test)]
mod tests;
