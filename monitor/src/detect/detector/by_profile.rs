//! A detector that judges by a service's own profile: that profile, what is learned on, and its
//! versions.

use std::sync::Arc;

use super::judges::Judge;
use super::own::Own;
use super::versions::{Version, Versions};
use super::{Adapting, Detector, Settings};
use crate::model::Model;
use crate::profile::{Profile, Thresholds};

impl Detector {
    /// A detector that judges by a service's own profile, the model being asked where the profile
    /// finds a call unlikely. The running means count only where `settings` give them a threshold.
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
        detector.by = Judge::by_profile(profile);
        detector
    }

    /// Learns on while it judges, see [`Adapting`]; nothing happens without a profile.
    pub fn adapt(&mut self, adapting: Adapting) {
        if let Some(by) = self.by.profile_mut() {
            by.adapting = Some(adapting);
        }
    }

    /// Has every alarm name the version of the profile that judged it, see [`Self::take_versions`];
    /// `path` is where the profile is kept. Nothing happens without a profile.
    pub fn name_versions(&mut self, path: Option<Arc<str>>) {
        if let Some(by) = self.by.profile_mut() {
            by.versions = Some(Versions::new(path));
        }
    }

    /// The versions of the profile that alarms rest on and that were not taken before, to be kept
    /// beside it.
    pub fn take_versions(&mut self) -> Vec<Version> {
        let versions = self.by.profile_mut().and_then(|by| by.versions.as_mut());
        versions.map(Versions::take).unwrap_or_default()
    }

    /// Whether there are versions to take.
    #[must_use]
    pub fn has_versions(&self) -> bool {
        let versions = self.by.profile().and_then(|by| by.versions.as_ref());
        versions.is_some_and(Versions::are_waiting)
    }

    /// The profile that it judges by, with what was learned since.
    #[must_use]
    pub fn profile(&self) -> Option<&Profile> {
        self.by.own().map(Own::profile)
    }

    /// Gives the profile back, with what was learned since.
    #[must_use]
    pub fn into_profile(self) -> Option<Profile> {
        match self.by {
            Judge::Model(_) => None,
            Judge::Profile(by) => Some(by.own.into_profile()),
        }
    }

    /// Changes the profile. Streams that have begun go on, so what they stand on must stay: call it
    /// between traces, or only add.
    pub fn edit_profile(&mut self, edit: impl FnOnce(&mut Profile)) {
        if let Some(by) = self.by.profile_mut() {
            edit(by.own.profile_mut());
            by.own.refresh();
            if let Some(versions) = &mut by.versions {
                versions.change();
            }
        }
    }
}
