//! The file of a profile that a run judges by: what is accepted there meanwhile is taken up, and
//! what is learned on is saved there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Judging;
use crate::profile::file::lock::Lock;
use crate::profile::file::{self, ProfileError};
use crate::report::remarks::remark;
use crate::report::text::grouped;
use crate::run::snapshot::{OutputState, OutputStatus};
use crate::run::stamp::Stamp;
use crate::trace::error::shown;

/// What a crash may cost of what was learned on.
const SAVED_EVERY: Duration = Duration::from_secs(600);

/// The pause after a save that failed.
const RETRIED_EVERY: Duration = Duration::from_secs(30);

/// How long an acceptance may wait to be taken up.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(2);

/// How long the end of a run waits for another process that changes the file.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(5);

/// Keeps what judges in step with the file that its profile came from.
pub struct ProfileFile {
    path: PathBuf,
    /// Whether what is learned on is saved.
    saves: bool,
    saved: Instant,
    /// How long after that the next save is due.
    pause: Duration,
    saves_done: u64,
    failures: u64,
    /// Whether the last save failed: nothing is lost as long as a later one succeeds.
    is_failing: bool,
    /// Why one failed.
    error: Option<String>,
    looked: Instant,
    stamp: Option<Stamp>,
    /// Whether what stands there now is not this profile any more: it is not written over then.
    foreign: bool,
}

impl ProfileFile {
    /// Follows the file at `path`; with `saves`, the profile is saved there now and then, and
    /// whenever streams are ended.
    #[must_use]
    pub fn new(path: &Path, saves: bool) -> Self {
        Self {
            path: path.to_path_buf(),
            saves,
            saved: Instant::now(),
            pause: SAVED_EVERY,
            saves_done: 0,
            failures: 0,
            is_failing: false,
            error: None,
            looked: Instant::now(),
            stamp: stamp(path),
            foreign: false,
        }
    }

    /// Does what is due: between rounds, when nothing is queued.
    pub(super) fn tend(&mut self, judging: &mut Judging) {
        if self.looked.elapsed() >= LOOKED_AT_EVERY {
            self.look(judging);
        }
        if self.saved.elapsed() >= self.pause {
            self.save(judging, Duration::ZERO);
        }
    }

    /// Saves what was learned on, at the end.
    pub(super) fn finish(&mut self, judging: &mut Judging) {
        self.save(judging, PATIENCE_AT_THE_END);
    }

    /// How saving goes, where anything is saved.
    pub(super) fn health(&self) -> Option<OutputStatus> {
        self.saves.then(|| OutputStatus {
            name: format!("profile {}", shown(&self.path)),
            state: if self.is_failing {
                OutputState::Failing
            } else {
                OutputState::Ok
            },
            written: self.saves_done,
            failures: self.failures,
            dropped: u64::from(self.is_failing),
            queued: 0,
            error: self.error.clone(),
        })
    }

    /// Takes up what was accepted since the file was last looked at.
    fn look(&mut self, judging: &mut Judging) {
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
            Err(why) => return remark(&format!("{at} has changed and is not taken up: {why}")),
        };
        let mut added = None;
        judging.edit_profile(|profile| {
            let learned = &profile.provenance.origins;
            // Another service's profile would make everything known that this one never did.
            if learned.iter().all(|it| theirs.provenance.has(&it.sha256)) {
                added = Some(profile.take_up(&theirs));
            }
        });
        self.foreign = added.is_none();
        remark(&match added {
            Some(added) => format!(
                "{at} has changed: {} more sequences are accepted",
                grouped(added as u64)
            ),
            None => format!(
                "{at} has changed and is not taken up: it was not learned from what this run \
                 judges by; start the run again"
            ),
        });
    }

    /// Saves what was learned on, unless another process is changing the file for longer than
    /// `patience`. What cannot be saved is tried again: the run is not for the file's sake.
    fn save(&mut self, judging: &mut Judging, patience: Duration) {
        self.saved = Instant::now();
        self.pause = SAVED_EVERY;
        if !self.saves || !judging.has_learned_on() {
            return;
        }
        match self.replace(judging, patience) {
            // Whoever changes it is done in a moment.
            Err(ProfileError::Busy { .. }) if patience.is_zero() => self.pause = LOOKED_AT_EVERY,
            Err(why) => self.failed(&why),
            Ok(false) => {}
            Ok(true) => {
                self.saves_done += 1;
                if std::mem::take(&mut self.is_failing) {
                    remark(&format!("{}: saved again", shown(&self.path)));
                }
            }
        }
    }

    /// Puts the profile in the place of its file; `false` where that is another's by now.
    fn replace(&mut self, judging: &mut Judging, patience: Duration) -> Result<bool, ProfileError> {
        let _lock = match Lock::of(&self.path, patience) {
            Err(why @ ProfileError::Busy { .. }) => return Err(why),
            // A file that is not there is made.
            lock => lock.ok(),
        };
        // What a person accepted meanwhile is not to be lost, nor a file that is somebody else's
        // work.
        self.look(judging);
        let Some(profile) = judging.profile().filter(|_| !self.foreign) else {
            return Ok(false);
        };
        file::write(&self.path, profile)?;
        judging.kept();
        self.stamp = stamp(&self.path);
        Ok(true)
    }

    /// Notes a save that failed; the first of a series is told.
    fn failed(&mut self, why: &ProfileError) {
        self.pause = RETRIED_EVERY;
        self.failures += 1;
        self.error = Some(match why {
            ProfileError::Io { error, .. } => error.to_string(),
            why => why.to_string(),
        });
        if !std::mem::replace(&mut self.is_failing, true) {
            remark(&format!(
                "{why}; what was learned on is not saved until it can be"
            ));
        }
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Stamp::from(&about))
}

#[cfg(test)]
mod tests;
