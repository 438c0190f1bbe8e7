//! The one path from events to verdicts, for the live run, replay and evaluation alike.
//!
//! [`Detector::push`] judges continuity, maps the calls and queues them; [`Detector::score`] runs
//! the model over all that was queued, packed over threads, and then judges every call in the order
//! in which the events came. So nothing depends on how often `score` is called, nor on how a
//! thread's calls were cut into events. Time is event time; the clock is never read.

mod settings;

mod step;

mod active;

mod intake;

mod selection;

mod judges;

mod own;

mod by_profile;

mod look;

mod judge;

mod observed;

mod provisional;

mod stretches;

mod ask;

mod judged;

mod rescore;

mod shown;

mod alarm;

mod told;

mod limit;

mod versions;

mod adapt;

mod tail;

mod counted;

use std::sync::Arc;

use crate::detect::blind::Blindness;
use crate::detect::counters::Counters;
use crate::detect::coverage::CoverageCounter;
use crate::detect::processes::Processes;
use crate::detect::stream::Stream;
use crate::detect::threads::Threads;
use crate::detect::threshold::Limits;
use crate::detect::verdict::Verdict;
use crate::incident::ids::IdSource;
use crate::model::{Lane, Model, ScoreError};
use crate::syscall::event::Call;
use crate::syscall::flight::Flight;

use active::Active;
pub use adapt::Adapting;
use judges::Judge;
use limit::AlarmLimit;
pub use observed::{OwnSurprise, Rescored, Scored};
use selection::Selection;
pub use settings::Settings;
use step::Step;
pub use tail::{Nearness, Tail, TailCall};
use told::Told;
pub use versions::Version;

/// Turns events into verdicts.
pub struct Detector {
    model: Model,
    by: Judge,
    limits: Limits,
    /// The same, or none where a run without a profile is not to be judged by the general model.
    raised_by: Limits,
    threads: Threads,
    /// As of what was judged last, not of what is queued.
    processes: Processes,
    /// By slot, like `lanes`.
    streams: Vec<Stream>,
    lanes: Vec<Lane>,
    selection: Selection,
    active: Active,
    steps: Vec<Step>,
    calls: Vec<Call>,
    coverage: CoverageCounter,
    told: Told,
    limit: AlarmLimit,
    service: Arc<str>,
    ids: IdSource,
    /// When the last alarm was made that was not alike.
    alert_ns: Option<u64>,
    blindness: Blindness,
    counters: Counters,
    failed: bool,
}

impl Detector {
    /// A detector that has seen nothing.
    #[must_use]
    pub fn new(model: Model, settings: Settings) -> Self {
        let mut limits = Limits::from(&model.manifest().threshold);
        limits.slow = settings.slow_threshold.unwrap_or(limits.slow);
        limits.fast = settings.fast_threshold.unwrap_or(limits.fast);
        let mut raised_by = limits;
        if !settings.judge_by_model {
            (raised_by.slow, raised_by.fast) = (f64::INFINITY, f64::INFINITY);
        }
        Self {
            model,
            by: Judge::by_model(&settings),
            limits,
            raised_by,
            threads: Threads::new(settings.max_threads),
            processes: Processes::default(),
            streams: Vec::new(),
            lanes: Vec::new(),
            selection: Selection::all(),
            active: Active::default(),
            steps: Vec::new(),
            calls: Vec::new(),
            coverage: CoverageCounter::default(),
            told: Told::new(settings.again_after),
            limit: AlarmLimit::new(settings.alarms_per_minute),
            blindness: Blindness::new(Arc::clone(&settings.service)),
            service: settings.service,
            ids: settings.ids,
            alert_ns: None,
            counters: Counters::default(),
            failed: false,
        }
    }

    /// Says how the events' clock relates to the time of day, for the ids of alarms: the
    /// nanoseconds to add.
    pub const fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        self.ids.set_offset(unix_offset_ns);
    }

    /// Lets the model see that share of the calls that ask for it from now on, between 0 and 1:
    /// with a profile the most surprising ones, without one runs of every thread's calls. What an
    /// alarm says is computed by the whole model all the same.
    pub fn limit_model(&mut self, share: f64) {
        self.selection.set(share);
    }

    /// The model that it judges by.
    #[must_use]
    pub const fn model(&self) -> &Model {
        &self.model
    }

    /// The model, to explain sequences with.
    pub const fn model_mut(&mut self) -> &mut Model {
        &mut self.model
    }

    /// What it judges by: the manifest's thresholds, or those of the settings.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Judges all that was queued. Verdicts come in the order of the events.
    ///
    /// # Errors
    /// When inference fails; what was queued is lost then, and the detector stays unusable.
    pub fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), ScoreError> {
        self.score_observed(verdicts, &mut |_| {})
    }

    /// [`Detector::score`], telling `observer` of every call in the order of the events.
    ///
    /// # Errors
    /// See [`Detector::score`].
    pub fn score_observed(
        &mut self,
        verdicts: &mut Vec<Verdict>,
        observer: &mut dyn FnMut(&Scored),
    ) -> Result<(), ScoreError> {
        if self.failed {
            return Err(ScoreError::Failed);
        }
        self.failed = true;
        self.look();
        self.model.score(&mut self.lanes, self.active.slots())?;
        self.judge(verdicts, observer)?;
        for slot in self.active.drain() {
            self.lanes[slot as usize].clear();
        }
        self.failed = false;
        Ok(())
    }

    /// Judges what is queued and ends every thread's stream, the one idle longest first.
    ///
    /// # Errors
    /// See [`Detector::score`].
    pub fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), ScoreError> {
        let slots: Vec<_> = self.threads.slots().collect();
        for slot in slots {
            let entry = self.threads.remove(slot);
            self.steps.push(Step::End { slot, entry });
        }
        self.score(verdicts)?;
        verdicts.extend(self.blindness.finish().map(Verdict::Blind));
        let stretches = self.by.model_mut().map(|by| by.stretches.take());
        for stretch in stretches.into_iter().flatten() {
            let explained = self.rescore(&stretch.flight)?;
            self.counters.stretches.push(stretch.explained(explained));
        }
        self.alert_ns = None;
        // What follows has nothing to do with what came before.
        self.processes = Processes::default();
        Ok(())
    }

    /// What a flight says by itself: the scores that an alarm about it carries, to the bit.
    ///
    /// A flight that begins with its thread's first call is scored from the start of a trace; of
    /// any other, the first call (with a window model, its first `context` calls) is context only.
    ///
    /// # Errors
    /// When inference fails.
    pub fn rescore(&mut self, flight: &Flight) -> Result<Rescored, ScoreError> {
        rescore::rescore(&mut self.model, self.by.own(), &self.limits, flight)
    }

    /// Lets time pass to `now_ns` although no event came.
    pub fn advance(&mut self, now_ns: u64, verdicts: &mut Vec<Verdict>) {
        verdicts.extend(self.blindness.advance(now_ns).map(Verdict::Blind));
    }
}

#[cfg(test)]
mod tests;
