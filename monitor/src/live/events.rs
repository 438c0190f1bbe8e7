//! Live events one by one: the kernel as a [`Source`].

use std::ffi::OsString;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::command::{Invoker, Prepared, prepare};
use super::error::WatchError;
use super::privileges::Needs;
use super::watch::{Options, Watch};
use crate::detect::counters::Counters;
use crate::detect::verdict::Verdict;
use crate::pipeline::{Engine, EngineError, Parts, Pipeline, Queue, Reporting};
use crate::run::clock::WallClock;
use crate::source::Source;
use crate::syscall::event::Event;

/// Batches that wait until they are taken; the calls of more are counted as lost, and their threads
/// gapped.
const QUEUED: usize = 64;

/// Batches between the reader and the thread that hands them on.
const BATCHES: usize = 256;

/// The events of a live watch. It ends with its targets, its duration or a signal; dropping it ends
/// it too.
pub struct Events {
    batches: Option<Receiver<Vec<Event>>>,
    ready: std::vec::IntoIter<Event>,
    watch: Option<JoinHandle<Result<(), WatchError>>>,
}

impl Events {
    /// Loads and attaches the probe; with a command, starts that and watches it from its first call
    /// on. The rights that reading does not need are given up by the thread that reads, not by the
    /// caller's.
    ///
    /// # Errors
    /// What stands in the way of watching; nothing is attached then.
    pub fn watch(
        options: Options,
        program: Option<(OsString, Vec<OsString>)>,
    ) -> Result<Self, WatchError> {
        let (batches, taken) = bounded(QUEUED);
        let (attached, wait) = bounded(1);
        let watch = thread::Builder::new()
            .name("events".into())
            .spawn(move || {
                let begun = begin(options, program);
                let (watch, command) = match begun {
                    Ok(begun) => begun,
                    Err(error) => {
                        // Who waits takes it.
                        let _ = attached.send(Err(error));
                        return Ok(());
                    }
                };
                let (feed, pipeline) = Pipeline::start(Parts {
                    engine: Box::new(HandedOn {
                        batch: Vec::new(),
                        batches,
                    }),
                    tap: None,
                    listeners: Vec::new(),
                    reporting: Reporting::default(),
                    queue: Queue::of(BATCHES),
                    tick: Duration::from_millis(250),
                    cpu: None,
                })
                .map_err(|error| WatchError::Read(std::io::Error::other(error)))?;
                let _ = attached.send(Ok(()));
                let ended = watch.run(command, &feed);
                // The engine fails when nobody takes events any more, which is how this ends.
                let _ = pipeline.finish(feed);
                ended.map(|_| ())
            })?;
        let mut events = Self {
            batches: Some(taken),
            ready: Vec::new().into_iter(),
            watch: Some(watch),
        };
        match wait.recv() {
            Ok(begun) => begun?,
            // The stages behind could not be started: the watch says why.
            Err(_) => events.watch.take().map_or(Ok(()), joined)?,
        }
        Ok(events)
    }
}

impl Iterator for Events {
    type Item = Result<Event, WatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.ready.next() {
                return Some(Ok(event));
            }
            match self.batches.as_ref()?.recv() {
                Ok(batch) => self.ready = batch.into_iter(),
                Err(_) => {
                    self.batches = None;
                    let ended = self.watch.take().map_or(Ok(()), joined);
                    return ended.err().map(Err);
                }
            }
        }
    }
}

impl Source for Events {
    type Error = WatchError;

    fn clock(&self) -> WallClock {
        WallClock::Live
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        // The engine finds nobody there, and the watch ends at its next look.
        self.batches = None;
        if let Some(watch) = self.watch.take() {
            let _ = watch.join();
        }
    }
}

/// A watch that sees its first call, and its command, which waits to be let go.
fn begin(
    options: Options,
    program: Option<(OsString, Vec<OsString>)>,
) -> Result<(Watch, Option<Prepared>), WatchError> {
    let mut watch = Watch::load(options)?;
    let command = program.map(|(program, words)| prepare(&program, &words, Invoker::of_sudo()));
    let command = command.transpose()?;
    watch.attach(command.as_ref())?;
    watch.give_up_rights(Needs {
        signals_a_command: command.is_some(),
        ..Needs::default()
    })?;
    Ok((watch, command))
}

fn joined(watch: JoinHandle<Result<(), WatchError>>) -> Result<(), WatchError> {
    match watch.join() {
        Ok(ended) => ended,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The engine of the pipeline: it judges nothing and hands on what came.
struct HandedOn {
    batch: Vec<Event>,
    batches: Sender<Vec<Event>>,
}

impl Engine for HandedOn {
    fn push(&mut self, event: &Event) {
        self.batch.push(event.clone());
    }

    fn score(&mut self, _: &mut Vec<Verdict>) -> Result<(), EngineError> {
        if !self.batch.is_empty() {
            // Waits: what finds no room meanwhile is refused by the feed, which counts it.
            self.batches.send(std::mem::take(&mut self.batch))?;
        }
        Ok(())
    }

    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.score(verdicts)
    }

    fn counters(&self) -> Counters {
        Counters::default()
    }
}
