//! A detector and the file of its profile: what is accepted there meanwhile is taken up, and what is learned on is saved there.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use monitor::detect::counters::Counters;
use monitor::detect::detector::Detector;
use monitor::detect::verdict::Verdict;
use monitor::pipeline::{Engine, EngineError};
use monitor::profile::file::lock::Lock;
use monitor::profile::file::{self, ProfileError};
use monitor::report::text::grouped;
use monitor::syscall::event::Event;
use monitor::trace::error::shown;

use super::complain;

/// What a crash may cost of what was learned.
const SAVED_EVERY: Duration = Duration::from_secs(600);

/// How long an acceptance may wait to be taken up.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(2);

/// How long the end of a run waits for another process that changes the file.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(5);

/// Tells one state of a file from another: device, inode, size, and when it was changed.
type Stamp = (u64, u64, u64, (i64, i64));

/// Judges, and keeps in step with the profile's file.
pub struct Keeper {
    detector: Detector,
    path: PathBuf,
    /// Whether what is learned is saved.
    saves: bool,
    saved: Instant,
    /// Whether another process was changing the file when it was to be saved.
    retries: bool,
    learned: u64,
    looked: Instant,
    stamp: Option<Stamp>,
    /// Whether what stands there now is not this profile any more: it is not written over then.
    foreign: bool,
}

impl Keeper {
    /// Follows the file that the profile of `detector` came from; with `saves`, saves the profile there now and then, and
    /// whenever streams are ended.
    pub fn new(detector: Detector, path: &Path, saves: bool) -> Self {
        Self {
            detector,
            path: path.to_path_buf(),
            saves,
            saved: Instant::now(),
            retries: false,
            learned: 0,
            looked: Instant::now(),
            stamp: stamp(path),
            foreign: false,
        }
    }

    /// Takes up what was accepted since the file was last looked at.
    fn look(&mut self) {
        self.looked = Instant::now();
        let now = stamp(&self.path);
        // A file that is away for a moment is about to be replaced.
        if now.is_none() || now == self.stamp {
            return;
        }
        self.stamp = now;
        self.foreign = true;
        let at = shown(&self.path);
        let theirs = match file::read(&self.path) {
            Ok((theirs, _)) => theirs,
            Err(why) => return complain(&format!("{at} has changed and is not taken up: {why}")),
        };
        let mut added = None;
        self.detector.edit_profile(|profile| {
            let learned = &profile.provenance.origins;
            // Another service's profile would make everything known that this one never did.
            if learned.iter().all(|it| theirs.provenance.has(&it.sha256)) {
                added = Some(profile.take_up(&theirs));
            }
        });
        self.foreign = added.is_none();
        complain(&match added {
            Some(added) => format!(
                "{at} has changed: {} more sequences are accepted",
                grouped(added as u64)
            ),
            None => format!(
                "{at} has changed and is not taken up: it was not learned from what this run judges by; start the run again"
            ),
        });
    }

    /// Saves what was learned on, unless another process is changing the file for longer than `patience`: it is tried again
    /// then, after a moment.
    fn save(&mut self, patience: Duration) -> Result<(), EngineError> {
        self.saved = Instant::now();
        let learned = self.detector.counters().adapted;
        if !self.saves || learned <= self.learned {
            return Ok(());
        }
        let _lock = match Lock::of(&self.path, patience) {
            Err(ProfileError::Busy { .. }) if patience.is_zero() => {
                self.retries = true;
                return Ok(());
            }
            Err(why @ ProfileError::Busy { .. }) => return Err(why.into()),
            // A file that is not there is made.
            lock => lock.ok(),
        };
        self.retries = false;
        // What a person accepted meanwhile is not to be lost, nor a file that is somebody else's work.
        self.look();
        if self.foreign {
            return Ok(());
        }
        if let Some(profile) = self.detector.profile() {
            file::write(&self.path, profile)?;
            self.learned = learned;
            self.stamp = stamp(&self.path);
        }
        Ok(())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let changed = (about.mtime(), about.mtime_nsec());
    Some((about.dev(), about.ino(), about.size(), changed))
}

impl Engine for Keeper {
    fn push(&mut self, event: &Event) {
        self.detector.push(event);
    }

    fn score(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.detector.score(verdicts)?;
        // Between rounds, when nothing is queued.
        if self.looked.elapsed() >= LOOKED_AT_EVERY {
            self.look();
        }
        if self.saved.elapsed()
            >= if self.retries {
                LOOKED_AT_EVERY
            } else {
                SAVED_EVERY
            }
        {
            self.save(Duration::ZERO)?;
        }
        Ok(())
    }

    fn finish(&mut self, verdicts: &mut Vec<Verdict>) -> Result<(), EngineError> {
        self.detector.finish(verdicts)?;
        self.save(PATIENCE_AT_THE_END)
    }

    fn counters(&self) -> Counters {
        self.detector.counters()
    }

    fn set_clock_offset(&mut self, unix_offset_ns: i128) {
        self.detector.set_clock_offset(unix_offset_ns);
    }

    fn advance(&mut self, now_ns: u64, verdicts: &mut Vec<Verdict>) {
        self.detector.advance(now_ns, verdicts);
    }

    fn limit_model(&mut self, share: f64) {
        self.detector.limit_model(share);
    }
}
