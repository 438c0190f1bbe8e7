//! One service in a run: what judges it and what learns it.
//!
//! A run over one service is a [`Single`]; the [`guard`](crate::guard) has one [`Judging`] for each
//! service of a host.

pub mod rules;

pub(crate) mod profile_file;

pub mod single;

mod provisional;

pub use rules::Rules;
pub use single::Single;

use crate::detect::counters::Counters;
use crate::detect::detector::{Detector, Tail, Version};
use crate::detect::verdict::Verdict;
use crate::incident::ids::IdSource;
use crate::learn::Learner;
use crate::model::ScoreError;
use crate::profile::Profile;
use crate::syscall::event::{Event, EventKind, ThreadKey};

/// Judges a service, learns it, or both.
#[derive(Default)]
pub struct Judging {
    detector: Option<Detector>,
    learner: Option<Learner>,
    /// Of detectors that were replaced.
    counted: Option<Counters>,
    /// Alarms that learning raised.
    provisional: u64,
    /// Of detectors that were replaced, as of [`Self::take_versions`].
    versions: Vec<Version>,
    /// What is told with the next round.
    pending: Vec<Verdict>,
    asked: u64,
    /// Calls that had been learned on when the profile was kept last.
    adapted: u64,
}

impl Judging {
    /// Of a detector, a learner, or both.
    #[must_use]
    pub fn new(detector: Option<Detector>, learner: Option<Learner>) -> Self {
        Self {
            detector,
            learner,
            ..Self::default()
        }
    }

    /// What judges.
    #[must_use]
    pub const fn detector(&self) -> Option<&Detector> {
        self.detector.as_ref()
    }

    /// The profile that it judges by, with what was learned on since.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.detector.as_ref().and_then(Detector::profile)
    }

    /// What learns.
    #[must_use]
    pub const fn learner(&self) -> Option<&Learner> {
        self.learner.as_ref()
    }

    /// The same, to be asked how it stands.
    pub const fn learner_mut(&mut self) -> Option<&mut Learner> {
        self.learner.as_mut()
    }

    /// Learns by this from here on, or no more. Gives what learned before.
    pub const fn learn_by(&mut self, learner: Option<Learner>) -> Option<Learner> {
        std::mem::replace(&mut self.learner, learner)
    }

    /// Judges by this from here on, or no more: streams that have begun end. Gives what judged
    /// before.
    pub fn judge_by(&mut self, detector: Option<Detector>) -> Option<Detector> {
        let mut before = std::mem::replace(&mut self.detector, detector);
        if let Some(before) = &mut before {
            // Verdicts about the ends of its threads; inference was done for all that was queued.
            let _ = before.finish(&mut self.pending);
            self.versions.append(&mut before.take_versions());
            let counted = self.counted.get_or_insert_default();
            counted.join(&before.counters());
            counted.open_threads = 0;
            counted.blind_since_ns = None;
            self.adapted = 0;
            self.asked = 0;
        }
        before
    }

    /// Changes the profile; streams that have begun go on, so call it only to add.
    pub fn edit_profile(&mut self, edit: impl FnOnce(&mut Profile)) {
        if let Some(detector) = &mut self.detector {
            detector.edit_profile(edit);
        }
    }

    /// A thread is of another service from now on, after `seq` calls.
    pub fn leave(&mut self, event: &Event, seq: u64) {
        let left = Event {
            kind: EventKind::Exit { count: seq },
            ..event.clone()
        };
        if let Some(learner) = &mut self.learner {
            learner.push(&left);
        }
        if let Some(detector) = &mut self.detector {
            detector.push(&left);
        }
    }

    /// A thread that was another service's is this one's from now on, after `seq` calls; `begun`
    /// tells whether it was seen to begin.
    pub fn join(&mut self, thread: ThreadKey, seq: u64, begun: bool) {
        if let Some(learner) = &mut self.learner {
            learner.expect(thread, seq, begun);
        }
        if let Some(detector) = &mut self.detector {
            detector.expect(thread, seq);
        }
    }

    /// Takes an event in. With `ids`, a privileged call that is learned for the first time while
    /// nothing judges is an alarm.
    pub fn push(&mut self, event: &Event, ids: Option<&IdSource>) {
        if let Some(learner) = &mut self.learner {
            let first = learner.push(event);
            let tells = ids.filter(|_| self.detector.is_none());
            if let (Some(first), EventKind::Calls(stretch), Some(ids)) = (first, &event.kind, tells)
            {
                let alarm = provisional::alarm(event, stretch, first, ids);
                self.provisional += 1;
                self.pending.push(Verdict::Alarm(Box::new(alarm)));
            }
        }
        if let Some(detector) = &mut self.detector {
            detector.push(event);
        }
    }

    /// Judges what is queued.
    ///
    /// # Errors
    /// When inference fails.
    pub fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), ScoreError> {
        verdicts.append(&mut self.pending);
        match &mut self.detector {
            Some(detector) => detector.score(verdicts),
            None => Ok(()),
        }
    }

    /// Judges what is queued and ends all streams.
    ///
    /// # Errors
    /// When inference fails.
    pub fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), ScoreError> {
        verdicts.append(&mut self.pending);
        match &mut self.detector {
            Some(detector) => detector.finish(verdicts),
            None => Ok(()),
        }
    }

    /// Says how the events' clock relates to the time of day: the nanoseconds to add.
    pub const fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        if let Some(detector) = &mut self.detector {
            detector.set_clock_offset(unix_offset_ns);
        }
    }

    /// Lets time pass to `now_ns`, by the clock of the events.
    pub fn advance(&mut self, now_ns: u64, verdicts: &mut Vec<Verdict>) {
        verdicts.append(&mut self.pending);
        if let Some(detector) = &mut self.detector {
            detector.advance(now_ns, verdicts);
        }
    }

    /// Lets the model see that share of the calls that ask for it, between 0 and 1.
    pub fn limit_model(&mut self, share: f64) {
        if let Some(detector) = &mut self.detector {
            detector.limit_model(share);
        }
    }

    /// Calls that asked the model since this was last asked.
    pub fn newly_asked(&mut self) -> u64 {
        let asked = self.detector.as_ref().map_or(0, Detector::asked);
        let before = std::mem::replace(&mut self.asked, asked);
        asked.saturating_sub(before)
    }

    /// The last calls of at most so many threads, at most so many of each, those nearest to a
    /// threshold first.
    ///
    /// # Errors
    /// When inference fails.
    pub fn tails(&mut self, threads: usize, calls: usize) -> Result<Vec<Tail>, ScoreError> {
        match &mut self.detector {
            Some(detector) => detector.tails(threads, calls),
            None => Ok(Vec::new()),
        }
    }

    /// The versions of the profile that alarms rest on and that were not taken before
    /// ([`Detector::take_versions`]).
    pub fn take_versions(&mut self) -> Vec<Version> {
        let mut versions = std::mem::take(&mut self.versions);
        if let Some(detector) = &mut self.detector {
            versions.append(&mut detector.take_versions());
        }
        versions
    }

    /// Whether the profile was learned on since it was last [kept](Self::kept).
    #[must_use]
    pub fn has_learned_on(&self) -> bool {
        self.adapted_now() > self.adapted
    }

    /// The profile is kept as it is now.
    pub fn kept(&mut self) {
        self.adapted = self.adapted_now();
    }

    fn adapted_now(&self) -> u64 {
        self.detector.as_ref().map_or(0, Detector::adapted)
    }

    /// What was counted, also by detectors that were replaced.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let now = self.detector.as_ref().map(Detector::counters);
        let mut counters = match (&self.counted, now) {
            (Some(before), Some(now)) => {
                let mut both = before.clone();
                both.join(&now);
                both
            }
            (Some(only), None) => only.clone(),
            (None, now) => now.unwrap_or_default(),
        };
        counters.alarms += self.provisional;
        counters
    }
}
