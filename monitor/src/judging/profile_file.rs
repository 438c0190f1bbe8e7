//! The file of a profile that a run judges by: what is accepted there meanwhile is taken up, and what is learned on is saved
//! there.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Judging;
use crate::profile::file::lock::Lock;
use crate::profile::file::{self, ProfileError};
use crate::report::remarks::remark;
use crate::report::text::grouped;
use crate::run::stamp::Stamp;
use crate::trace::error::shown;

/// What a crash may cost of what was learned on.
const SAVED_EVERY: Duration = Duration::from_secs(600);

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
    /// Whether another process was changing the file when it was to be saved.
    retries: bool,
    looked: Instant,
    stamp: Option<Stamp>,
    /// Whether what stands there now is not this profile any more: it is not written over then.
    foreign: bool,
}

impl ProfileFile {
    /// Follows the file at `path`; with `saves`, the profile is saved there now and then, and whenever streams are ended.
    #[must_use]
    pub fn new(path: &Path, saves: bool) -> Self {
        Self {
            path: path.to_path_buf(),
            saves,
            saved: Instant::now(),
            retries: false,
            looked: Instant::now(),
            stamp: stamp(path),
            foreign: false,
        }
    }

    /// Does what is due: between rounds, when nothing is queued.
    pub(super) fn tend(&mut self, judging: &mut Judging) -> Result<(), ProfileError> {
        if self.looked.elapsed() >= LOOKED_AT_EVERY {
            self.look(judging);
        }
        let pause = if self.retries {
            LOOKED_AT_EVERY
        } else {
            SAVED_EVERY
        };
        if self.saved.elapsed() >= pause {
            self.save(judging, Duration::ZERO)?;
        }
        Ok(())
    }

    /// Saves what was learned on, at the end.
    pub(super) fn finish(&mut self, judging: &mut Judging) -> Result<(), ProfileError> {
        self.save(judging, PATIENCE_AT_THE_END)
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
                "{at} has changed and is not taken up: it was not learned from what this run judges by; start the run again"
            ),
        });
    }

    /// Saves what was learned on, unless another process is changing the file for longer than `patience`: it is tried again
    /// then, after a moment.
    fn save(&mut self, judging: &mut Judging, patience: Duration) -> Result<(), ProfileError> {
        self.saved = Instant::now();
        if !self.saves || !judging.has_learned_on() {
            return Ok(());
        }
        let _lock = match Lock::of(&self.path, patience) {
            Err(ProfileError::Busy { .. }) if patience.is_zero() => {
                self.retries = true;
                return Ok(());
            }
            Err(why @ ProfileError::Busy { .. }) => return Err(why),
            // A file that is not there is made.
            lock => lock.ok(),
        };
        self.retries = false;
        // What a person accepted meanwhile is not to be lost, nor a file that is somebody else's work.
        self.look(judging);
        if self.foreign {
            return Ok(());
        }
        if let Some(profile) = judging.profile() {
            file::write(&self.path, profile)?;
            judging.kept();
            self.stamp = stamp(&self.path);
        }
        Ok(())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Stamp::from(&about))
}
