//! The one path from events to verdicts, for the live run, replay and evaluation alike.
//!
//! [`Detector::push`] judges continuity, maps the calls and queues them; [`Detector::score`] runs the
//! model over all that was queued, packed over threads, and then judges every call in the order in
//! which the events came. So nothing depends on how often `score` is called, nor on how a thread's
//! calls were cut into events. Time is event time; the clock is never read.

mod own;

mod adapt;

mod alarm;

mod judge;

mod limit;

mod observed;

mod selection;

mod told;

mod provisional;

mod stretches;

mod tail;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::detail::{Touch, Written};
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
use crate::profile::{Profile, Thresholds};
use crate::syscall::event::{Call, Comm, Event, EventKind, Stretch, ThreadKey};
use crate::syscall::flight::Flight;
use crate::syscall::{adfa, table};

use super::aftermath::Following;
pub use adapt::Adapting;
use judge::{Queued, Step};
use limit::AlarmLimit;
pub use observed::{OwnSurprise, Rescored, Scored};
use own::{Mark, Own, OwnStream};
use provisional::Provisional;
use selection::{Ration, Selection};
use stretches::Stretches;
pub use tail::{Nearness, Tail, TailCall};
use told::Told;

/// How a detector judges.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What the slow score must exceed, nats a call, in the place of the manifest's threshold.
    pub slow_threshold: Option<f64>,
    /// The same for the fast score.
    pub fast_threshold: Option<f64>,
    /// Threads that are followed at once; beyond it the one idle longest is forgotten. With
    /// the default model one holds 1 KiB of state, up to 1 KiB of flight recorder, and buffers.
    pub max_threads: usize,
    /// Alarms of a run within any minute of event time; the others are counted as suppressed.
    /// `None` for no limit, which also holds for events without a time.
    pub alarms_per_minute: Option<usize>,
    /// How long, in event time, an alarm like one that was told is only counted: of the same process name, with nothing new
    /// to the service that was not told of, and with no score markedly worse. `None` to tell every alarm, which also
    /// holds for events without a time.
    pub again_after: Option<Duration>,
    /// Whether a run without a profile raises alarms by the general model.
    pub judge_by_model: bool,
    /// Whether a run without a profile reports the first time that the service makes a privileged call, however it is judged.
    pub provisional: bool,
    /// The service that is watched; empty where nobody named one.
    pub service: Arc<str>,
    /// Makes the ids of alarms.
    pub ids: IdSource,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            slow_threshold: None,
            fast_threshold: None,
            max_threads: 32_768,
            alarms_per_minute: Some(10),
            again_after: Some(Duration::from_hours(1)),
            judge_by_model: true,
            provisional: false,
            service: "".into(),
            ids: IdSource::default(),
        }
    }
}

/// Turns events into verdicts.
pub struct Detector {
    model: Model,
    own: Option<Own>,
    adapting: Option<Adapting>,
    limits: Limits,
    /// The same, or none where a run without a profile is not to be judged by the general model.
    raised_by: Limits,
    threads: Threads,
    /// As of what was judged last, not of what is queued.
    processes: Processes,
    /// By slot, like `lanes`.
    streams: Vec<Stream>,
    lanes: Vec<Lane>,
    /// By slot too; empty without a profile.
    own_streams: Vec<OwnStream>,
    /// By slot too; empty with a profile.
    rations: Vec<Ration>,
    selection: Selection,
    /// Of the calls that are queued, those to be dropped left out; empty without a profile.
    marks: Vec<Mark>,
    /// Slots whose lane has calls queued.
    active: Vec<u32>,
    is_active: Vec<bool>,
    steps: Vec<Step>,
    calls: Vec<Call>,
    /// Those of the steps, in order.
    touches: VecDeque<Touch>,
    written: Written,
    coverage: CoverageCounter,
    told: Told,
    limit: AlarmLimit,
    service: Arc<str>,
    ids: IdSource,
    /// When the last alarm was made that was not alike.
    alert_ns: Option<u64>,
    provisional: Option<Provisional>,
    stretches: Stretches,
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
            own: None,
            adapting: None,
            limits,
            raised_by,
            threads: Threads::new(settings.max_threads),
            processes: Processes::default(),
            streams: Vec::new(),
            lanes: Vec::new(),
            own_streams: Vec::new(),
            rations: Vec::new(),
            selection: Selection::all(),
            marks: Vec::new(),
            active: Vec::new(),
            is_active: Vec::new(),
            steps: Vec::new(),
            calls: Vec::new(),
            touches: VecDeque::new(),
            written: Written::default(),
            coverage: CoverageCounter::default(),
            told: Told::new(settings.again_after),
            limit: AlarmLimit::new(settings.alarms_per_minute),
            blindness: Blindness::new(Arc::clone(&settings.service)),
            service: settings.service,
            ids: settings.ids,
            alert_ns: None,
            provisional: settings.provisional.then(Provisional::default),
            stretches: Stretches::default(),
            counters: Counters::default(),
            failed: false,
        }
    }

    /// A detector that judges by a service's own profile, the model being asked where the profile finds a call unlikely.
    /// The running means count only where `settings` give them a threshold.
    #[must_use]
    pub fn with_profile(
        model: Model,
        profile: Profile,
        thresholds: Thresholds,
        settings: Settings,
    ) -> Self {
        let (slow, fast) = (settings.slow_threshold, settings.fast_threshold);
        let mut detector = Self::new(model, settings);
        detector.limits.slow = slow.unwrap_or(f64::INFINITY);
        detector.limits.fast = fast.unwrap_or(f64::INFINITY);
        detector.limits.sequence = thresholds.sequence;
        detector.limits.drift = thresholds.drift;
        detector.limits.first_seen = thresholds.first_seen;
        detector.raised_by = detector.limits;
        detector.own = Some(Own::new(profile));
        detector
    }

    /// Says how the events' clock relates to the time of day, for the ids of alarms: the nanoseconds to add.
    pub const fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        self.ids.set_offset(unix_offset_ns);
    }

    /// Learns on while it judges, see [`Adapting`]; nothing happens without a profile.
    pub fn adapt(&mut self, adapting: Adapting) {
        self.adapting = Some(adapting);
    }

    /// Lets the model see that share of the calls that ask for it from now on, between 0 and 1: with a profile the most
    /// surprising ones, without one runs of every thread's calls. What an alarm says is computed by the whole model all the same.
    pub fn limit_model(&mut self, share: f64) {
        self.selection.set(share);
    }

    /// The profile that it judges by, with what was learned since.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.own.as_ref().map(Own::profile)
    }

    /// Gives the profile back, with what was learned since.
    #[must_use]
    pub fn into_profile(self) -> Option<Profile> {
        self.own.map(Own::into_profile)
    }

    /// Changes the profile. Streams that have begun go on, so what they stand on must stay: call it between traces, or only
    /// add.
    pub fn edit_profile(&mut self, edit: impl FnOnce(&mut Profile)) {
        if let Some(own) = &mut self.own {
            edit(own.profile_mut());
            own.refresh();
        }
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

    /// Queues an event: nothing is inferred yet. Memory grows with what is queued, so call
    /// [`Detector::score`] every some ten thousand calls.
    pub fn push(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Calls(stretch) => self.push_calls(event, stretch),
            EventKind::Touch(touch) => self.push_touch(event, touch),
            EventKind::Fork { .. } => self.steps.push(Step::happened(event)),
            EventKind::Exec => {
                self.steps.push(Step::happened(event));
                if let Some(slot) = self.threads.find(event.thread) {
                    self.threads.entry_mut(slot).comm = event.comm;
                }
            }
            EventKind::Exit { count } => {
                self.push_exit(event, *count);
                self.steps.push(Step::happened(event));
            }
        }
    }

    /// A thread that was another service's up to the call at `seq` is this one's from there on: nothing before is missing.
    pub fn expect(&mut self, thread: ThreadKey, seq: u64) {
        self.threads.expect(thread, seq);
    }

    fn push_touch(&mut self, event: &Event, touch: &Touch) {
        if self.own.is_none() {
            return;
        }
        let slot = match self.threads.find(event.thread) {
            Some(slot) => slot,
            None => {
                let (slot, known) = self.admit(event.thread, event.comm);
                self.counters.threads += u64::from(!known);
                slot
            }
        };
        self.touches.push_back(touch.clone());
        self.steps.push(Step::Touched {
            slot,
            time_ns: event.time_ns,
        });
    }

    fn push_calls(&mut self, event: &Event, stretch: &Stretch) {
        if stretch.calls.is_empty() {
            return;
        }
        let (slot, known) = match self.threads.find(event.thread) {
            Some(slot) => (slot, true),
            None => self.admit(event.thread, event.comm),
        };
        self.counters.threads += u64::from(!known);
        self.threads.touch(slot);
        let entry = self.threads.entry_mut(slot);
        let next = entry.advance(stretch.first_seq, stretch.calls.len());
        self.counters.repeated += next.repeated as u64;
        if next.repeated == stretch.calls.len() {
            return;
        }
        entry.comm = event.comm;
        entry.time_ns = stretch.last_ns.max(event.time_ns);
        self.counters.lost = self.counters.lost.saturating_add(next.missing);
        self.counters.gaps += u64::from(next.missing > 0);
        let seq = stretch.first_seq.saturating_add(next.repeated as u64);
        if next.restarts {
            self.steps.push(Step::Restart {
                slot,
                seq,
                missing: next.missing,
                time_ns: event.time_ns,
            });
        }
        let fresh = &stretch.calls[next.repeated..];
        // With a profile, what the lane is asked is known only when the profile has looked at every call before.
        let is_general = self.own.is_none();
        let mut indices = Vec::new();
        for &call in fresh {
            if table::is_restart(call) {
                self.counters.restarts += 1;
                continue;
            }
            let mapping = adfa::map(call);
            self.coverage.count(call, &mapping);
            if is_general {
                indices.push(mapping.index);
            }
        }
        let general =
            is_general.then(|| self.queue(slot, &indices, next.restarts.then_some(seq == 0)));
        let asks = general.is_some_and(|queued| queued.taken);
        self.counters.calls += fresh.len() as u64;
        self.calls.extend_from_slice(fresh);
        self.steps.push(Step::Calls {
            slot,
            seq,
            calls: fresh.len(),
            before: next.repeated,
            comm: event.comm,
            time_ns: (event.time_ns, stretch.last_ns),
            queued: general.unwrap_or_default(),
        });
        if asks {
            self.activate(slot);
        }
    }

    /// Queues a stretch for the model, without a profile, if it is granted. `begins` is given where a stream begins: whether with
    /// its thread's first call.
    fn queue(&mut self, slot: u32, indices: &[u16], begins: Option<bool>) -> Queued {
        let ration = &mut self.rations[slot as usize];
        let lane = &mut self.lanes[slot as usize];
        if let Some(whole) = begins {
            ration.restart(whole);
        }
        let skipped = ration.was_skipped();
        // Taken now: by the time it is known whether it is needed, the stretch itself is noted.
        let (warm_up, whole) = if skipped {
            ration.recent()
        } else {
            (Vec::new(), true)
        };
        let mut novel = false;
        for &index in indices {
            novel |= ration.note(index);
        }
        if !self.selection.takes(ration, indices.len(), novel) {
            return Queued::default();
        }
        if let Some(from_start) = begins {
            lane.restart(from_start);
        } else if skipped {
            lane.restart(ration.is_whole() && whole);
        }
        let warmed = warm_up.len();
        warm_up
            .iter()
            .chain(indices)
            .for_each(|&index| lane.push(index));
        Queued {
            taken: true,
            warmed,
        }
    }

    fn push_exit(&mut self, event: &Event, count: u64) {
        let slot = match self.threads.find(event.thread) {
            Some(slot) => slot,
            None => {
                let seen = self.threads.seen_before_eviction(event.thread);
                if count <= seen.unwrap_or(0) {
                    // It made no call, or its end was told when it was evicted.
                    return;
                }
                let (slot, known) = self.admit(event.thread, event.comm);
                self.counters.threads += u64::from(!known);
                slot
            }
        };
        let entry = self.threads.entry_mut(slot);
        let missing = count.saturating_sub(entry.next_seq);
        entry.lost = entry.lost.saturating_add(missing);
        entry.next_seq = entry.next_seq.max(count);
        entry.time_ns = event.time_ns.max(entry.time_ns);
        self.counters.lost = self.counters.lost.saturating_add(missing);
        let entry = self.threads.remove(slot);
        self.steps.push(Step::End { slot, entry });
    }

    /// A slot for a thread that has none, making room if need be; and whether it had one before.
    fn admit(&mut self, key: ThreadKey, comm: Comm) -> (u32, bool) {
        if self.threads.is_full()
            && let Some(slot) = self.threads.longest_idle()
        {
            let entry = self.threads.evict(slot);
            self.steps.push(Step::End { slot, entry });
        }
        let (slot, known) = self.threads.add(key, comm);
        let place = slot as usize;
        if place == self.lanes.len() {
            self.lanes.push(self.model.lane());
            self.streams.push(Stream::new(&self.limits));
            self.is_active.push(false);
            match &self.own {
                Some(own) => self.own_streams.push(own.stream(true)),
                None => self.rations.push(Ration::new()),
            }
        } else {
            self.streams[place] = Stream::new(&self.limits);
            if let Some(ration) = self.rations.get_mut(place) {
                *ration = Ration::new();
            }
        }
        (slot, known)
    }

    fn activate(&mut self, slot: u32) {
        if !std::mem::replace(&mut self.is_active[slot as usize], true) {
            self.active.push(slot);
        }
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
        self.model.score(&mut self.lanes, &self.active)?;
        self.judge(verdicts, observer)?;
        for slot in self.active.drain(..) {
            self.lanes[slot as usize].clear();
            self.is_active[slot as usize] = false;
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
        let stretches = self.stretches.take();
        for stretch in stretches {
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
        alarm::rescore(&mut self.model, self.own.as_ref(), &self.limits, flight)
    }

    /// Lets time pass to `now_ns` although no event came.
    pub fn advance(&mut self, now_ns: u64, verdicts: &mut Vec<Verdict>) {
        verdicts.extend(self.blindness.advance(now_ns).map(Verdict::Blind));
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let means = self
            .threads
            .slots()
            .filter_map(|slot| self.streams[slot as usize].current());
        Counters {
            open_threads: self.threads.len() as u64,
            evicted: self.threads.evictions(),
            coverage: self.coverage.coverage(),
            io_uring_enter: self.coverage.io_uring_enter(),
            io_uring_submitted: self.coverage.io_uring_submitted(),
            current_mean: means.reduce(f64::max),
            blind_since_ns: self.blindness.since_ns(),
            blind_ns: self.blindness.total_ns(),
            ..self.counters.clone()
        }
    }
}

#[cfg(test)]
mod tests;
