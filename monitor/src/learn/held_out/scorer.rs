//! What scores calls by a profile that is changed meanwhile: the detector that also watches.

use crate::detect::detector::{Detector, OwnSurprise};
use crate::model::ScoreError;
use crate::profile::Profile;
use crate::syscall::event::{Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

/// Calls of an event, and those that are scored at a time.
const EVENT: usize = 2048;
const ROUND: usize = 64 * 1024;

/// Scores calls by a profile that can be changed between.
pub trait Scorer {
    /// Changes the profile.
    fn edit(&mut self, edit: &mut dyn FnMut(&mut Profile));

    /// Scores threads from a place in their lives on (0 for the beginning), and tells of every call
    /// which thread made it and what its surprise is made of.
    ///
    /// # Errors
    /// When inference fails.
    fn score(
        &mut self,
        threads: &[(u64, Vec<Call>)],
        observer: &mut dyn FnMut(usize, &OwnSurprise),
    ) -> Result<(), ScoreError>;
}

/// The detector that also watches.
pub struct DetectorScorer {
    detector: Detector,
    /// The start time of the next thread: none is ever met twice.
    next: u64,
}

impl DetectorScorer {
    /// Scores by this detector, which has a profile and raises no alarm.
    #[must_use]
    pub const fn new(detector: Detector) -> Self {
        Self { detector, next: 1 }
    }

    /// The profile as it is now.
    #[must_use]
    pub fn into_profile(self) -> Option<Profile> {
        self.detector.into_profile()
    }
}

impl Scorer for DetectorScorer {
    fn edit(&mut self, edit: &mut dyn FnMut(&mut Profile)) {
        self.detector.edit_profile(edit);
    }

    fn score(
        &mut self,
        threads: &[(u64, Vec<Call>)],
        observer: &mut dyn FnMut(usize, &OwnSurprise),
    ) -> Result<(), ScoreError> {
        let first = self.next;
        let mut verdicts = Vec::new();
        let mut queued = 0;
        let mut told = |scored: &crate::detect::detector::Scored| {
            if let Some(own) = &scored.own {
                // What was pushed below.
                observer((scored.thread.start_ns - first) as usize, own);
            }
        };
        for (first_seq, calls) in threads {
            let thread = ThreadKey {
                tgid: 1,
                tid: 1,
                start_ns: self.next,
            };
            self.next += 1;
            let mut event = |kind| {
                self.detector.push(&Event {
                    service: ServiceId::NONE,
                    thread,
                    comm: Comm::default(),
                    time_ns: 0,
                    kind,
                });
            };
            let mut seq = *first_seq;
            for calls in calls.chunks(EVENT) {
                event(EventKind::Calls(Stretch {
                    first_seq: seq,
                    last_ns: 0,
                    calls: calls.to_vec(),
                }));
                seq = seq.saturating_add(calls.len() as u64);
                queued += calls.len();
            }
            event(EventKind::Exit { count: seq });
            if queued >= ROUND {
                self.detector.score_observed(&mut verdicts, &mut told)?;
                verdicts.clear();
                queued = 0;
            }
        }
        self.detector.score_observed(&mut verdicts, &mut told)
    }
}
