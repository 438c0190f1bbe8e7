//! A detector whose profile is saved as it learns on.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use monitor::detect::counters::Counters;
use monitor::detect::detector::Detector;
use monitor::detect::profile::file;
use monitor::detect::verdict::Verdict;
use monitor::pipeline::{Engine, EngineError};
use monitor::syscall::event::Event;

/// What a crash may cost of what was learned.
const SAVED_EVERY: Duration = Duration::from_secs(600);

/// Judges, and keeps the profile's file up to date.
pub struct Keeper {
    detector: Detector,
    path: PathBuf,
    saved: Instant,
    learned: u64,
}

impl Keeper {
    /// Saves the profile of `detector` to `path` now and then, and whenever streams are ended.
    pub fn new(detector: Detector, path: &Path) -> Self {
        Self {
            detector,
            path: path.to_path_buf(),
            saved: Instant::now(),
            learned: 0,
        }
    }

    fn save(&mut self) -> Result<(), EngineError> {
        let learned = self.detector.counters().adapted;
        if learned > self.learned
            && let Some(profile) = self.detector.profile()
        {
            file::write(&self.path, profile)?;
            self.learned = learned;
        }
        self.saved = Instant::now();
        Ok(())
    }
}

impl Engine for Keeper {
    fn push(&mut self, event: &Event) {
        self.detector.push(event);
    }

    fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.detector.score(verdicts)?;
        if self.saved.elapsed() >= SAVED_EVERY {
            self.save()?;
        }
        Ok(())
    }

    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.detector.finish(verdicts)?;
        self.save()
    }

    fn counters(&self) -> Counters {
        self.detector.counters()
    }
}
