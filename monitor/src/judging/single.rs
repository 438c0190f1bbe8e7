//! The engine of a run over one service.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::Judging;
use super::profile_file::ProfileFile;
use crate::detect::counters::Counters;
use crate::detect::detector::Detector;
use crate::detect::verdict::Verdict;
use crate::learn::Learner;
use crate::pipeline::unjudged::Unjudged;
use crate::pipeline::{Engine, EngineError};
use crate::run::snapshot::OutputStatus;
use crate::syscall::event::Event;

/// Judges one service, learns it, or neither; keeps in step with the file of its profile.
pub struct Single {
    judging: Judging,
    /// Counts where nothing judges.
    unjudged: Option<Unjudged>,
    file: Option<ProfileFile>,
    learned: Learned,
}

/// What a run learned, from when it is over.
#[derive(Clone, Default)]
pub struct Learned(Arc<Mutex<Option<Learner>>>);

impl Learned {
    /// What was learned; `None` while the run goes on, and where it learned nothing.
    #[must_use]
    pub fn take(&self) -> Option<Learner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Single {
    /// Of what judges, what learns, or both.
    #[must_use]
    pub fn new(detector: Option<Detector>, learner: Option<Learner>) -> Self {
        Self {
            unjudged: detector.is_none().then(Unjudged::default),
            judging: Judging::new(detector, learner),
            file: None,
            learned: Learned::default(),
        }
    }

    /// Follows the file that the profile came from; with `saves`, saves there what is learned on.
    #[must_use]
    pub fn following(mut self, path: &Path, saves: bool) -> Self {
        self.file = Some(ProfileFile::new(path, saves));
        self
    }

    /// Leaves what it learned there at its end.
    #[must_use]
    pub fn leaving(mut self, learned: Learned) -> Self {
        self.learned = learned;
        self
    }
}

impl Drop for Single {
    fn drop(&mut self) {
        let learner = self.judging.learn_by(None);
        let mut left = self
            .learned
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *left = learner;
    }
}

impl Engine for Single {
    fn push(&mut self, event: &Event) {
        self.judging.push(event, None);
        if let Some(unjudged) = &mut self.unjudged {
            unjudged.push(event);
        }
    }

    fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.judging.score(verdicts)?;
        if let Some(file) = &mut self.file {
            file.tend(&mut self.judging);
        }
        Ok(())
    }

    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.judging.finish(verdicts)?;
        if let Some(unjudged) = &mut self.unjudged {
            unjudged.finish(verdicts)?;
        }
        if let Some(file) = &mut self.file {
            file.finish(&mut self.judging);
        }
        Ok(())
    }

    fn counters(&self) -> Counters {
        let unjudged = self.unjudged.as_ref();
        unjudged.map_or_else(|| self.judging.counters(), Unjudged::counters)
    }

    fn health(&self) -> Option<OutputStatus> {
        self.file.as_ref().and_then(ProfileFile::health)
    }

    fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        self.judging.set_clock_offset(unix_offset_ns);
    }

    fn advance(&mut self, now_ns: u64, verdicts: &mut Vec<Verdict>) {
        self.judging.advance(now_ns, verdicts);
    }

    fn limit_model(&mut self, share: f64) {
        self.judging.limit_model(share);
    }
}
