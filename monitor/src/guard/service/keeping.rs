//! What of a service is to be kept.

use super::Service;
use crate::detect::detector::Version;
use crate::profile::Profile;
use crate::service::store::{Record, Save};

/// What has changed since the service was kept last.
#[derive(Default)]
pub(super) struct Unkept {
    /// Anything at all.
    pub state: bool,
    /// The profile, other than by learning on.
    pub profile: bool,
    /// Whether the profile as it was kept is to stay beside the new one.
    pub previous: bool,
    /// Profiles until something was accepted or undone, by what they are kept as.
    pub befores: Vec<(String, Box<Profile>)>,
    /// Versions of the profile that alarms rest on.
    pub versions: Vec<Version>,
}

impl Unkept {
    pub(super) fn of_a_new_service() -> Self {
        Self {
            state: true,
            ..Self::default()
        }
    }
}

impl Service {
    /// What is to be kept, if anything changed.
    pub(crate) fn save(&mut self) -> Option<Box<Save>> {
        let learned_on = self.judging.has_learned_on();
        let mut versions = self.judging.take_versions();
        self.unkept.versions.append(&mut versions);
        if !self.unkept.state && !learned_on && self.unkept.versions.is_empty() {
            return None;
        }
        let unkept = std::mem::take(&mut self.unkept);
        let profile = self.judging.profile();
        let profile = profile.filter(|_| unkept.profile || learned_on);
        let mut record = Record::new(self.key.clone(), self.life.clone(), self.first_seen_s);
        record.release.clone_from(&self.releases.known);
        record.paused = self.paused;
        record.calls = self.calls_before + self.calls;
        record.lost = self.lost();
        let learner = self.judging.learner();
        let save = Save {
            record,
            profile: profile.map(|it| Box::new(it.clone())),
            learned: learner.map(|learner| {
                let (profile, lives) = learner.copy();
                (Box::new(profile), lives)
            }),
            keeps_previous: unkept.previous,
            befores: unkept.befores,
            versions: unkept.versions,
            ends_learning: learner.is_none(),
        };
        self.judging.kept();
        Some(Box::new(save))
    }

    /// A save that found no room is to be made again.
    pub(crate) fn unsaved(&mut self, save: Save) {
        self.unkept = Unkept {
            state: true,
            profile: self.unkept.profile || save.profile.is_some(),
            previous: self.unkept.previous || save.keeps_previous,
            befores: save.befores,
            versions: save.versions,
        };
    }
}
