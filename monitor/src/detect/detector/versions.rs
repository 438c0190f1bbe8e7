//! Which version of a profile judged: one that learns on is another after each call that it learns,
//! and an alarm's score comes again only by the version that gave it.

use std::sync::Arc;

use crate::detect::verdict::JudgedBy;
use crate::profile::Profile;
use crate::profile::file::sha256;

/// Versions that wait to be kept; while so many wait, alarms by further ones cannot be scored
/// again.
const MOST: usize = 16;

/// A version that gave an alarm its score.
pub type Version = (Arc<str>, Box<Profile>);

/// The versions of one detector's profile.
pub(super) struct Versions {
    path: Option<Arc<str>>,
    /// The present one, once an alarm rested on it.
    present: Option<Arc<str>>,
    waiting: Vec<Version>,
}

impl Versions {
    /// Of a profile that is kept at `path`.
    pub(super) const fn new(path: Option<Arc<str>>) -> Self {
        Self {
            path,
            present: None,
            waiting: Vec::new(),
        }
    }

    /// The profile is another one from now on.
    pub(super) fn change(&mut self) {
        self.present = None;
    }

    /// The present version, by which an alarm was raised.
    pub(super) fn judge(&mut self, profile: &Profile) -> JudgedBy {
        let waiting = &mut self.waiting;
        let sha256 = self.present.get_or_insert_with(|| {
            let sha256: Arc<str> = sha256(profile).into();
            if waiting.len() < MOST {
                waiting.push((Arc::clone(&sha256), Box::new(profile.clone())));
            }
            sha256
        });
        JudgedBy {
            sha256: Arc::clone(sha256),
            path: self.path.clone(),
        }
    }

    /// Versions that alarms rest on and that were not taken yet.
    pub(super) fn take(&mut self) -> Vec<Version> {
        std::mem::take(&mut self.waiting)
    }

    /// Whether there are any.
    pub(super) const fn are_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Versions};
    use crate::profile::Profile;
    use crate::profile::file::write;

    #[test]
    fn a_version_is_named_as_its_file_would_be_and_waits_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("profile");
        let mut profile = Profile::default();
        let mut versions = Versions::new(Some("/state/profile".into()));
        let first = versions.judge(&profile);
        assert_eq!(*first.sha256, write(&path, &profile).expect("written"));
        assert_eq!(versions.judge(&profile), first);
        profile.provenance.origins.push(Default::default());
        versions.change();
        let second = versions.judge(&profile);
        assert_eq!(*second.sha256, write(&path, &profile).expect("written"));
        let waiting = versions.take();
        let names: Vec<_> = waiting.iter().map(|it| &it.0).collect();
        assert_eq!(names, [&first.sha256, &second.sha256]);
        assert!(!versions.are_waiting());
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let mut versions = Versions::new(None);
        for _ in 0..2 * MOST {
            versions.change();
            versions.judge(&Profile::default());
        }
        assert_eq!(versions.take().len(), MOST);
    }
}
