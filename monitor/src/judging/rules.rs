//! How one service is judged, and the detector that does so.

use std::sync::Arc;

use crate::config;
use crate::detect::detector::{Adapting, Detector, Settings};
use crate::incident::ids::IdSource;
use crate::model::Model;
use crate::profile::Profile;
use crate::profile::budget::{self, Budget};

/// How one service is judged: as an entry of a configuration says.
#[derive(Clone, Debug, PartialEq)]
pub struct Rules {
    budget: Budget,
    adapts: bool,
    settings: Settings,
}

impl Rules {
    /// By what holds for the service, and for alarms of all services. Its alarms have its name, and
    /// ids of `ids`.
    #[must_use]
    pub fn new(
        own: &config::Settings,
        alarms: &config::Reporting,
        service: Arc<str>,
        ids: IdSource,
    ) -> Self {
        Self {
            budget: own.budget,
            adapts: own.adapt,
            settings: Settings {
                max_threads: own.threads,
                alarms_per_minute: Some(alarms.per_minute).filter(|&it| it > 0),
                again_after: Some(alarms.again_after.0).filter(|it| !it.is_zero()),
                service,
                ids,
                ..Settings::default()
            },
        }
    }

    /// Where there is no profile, the first time that the service makes a privileged call is
    /// reported, and the general model raises alarms only if `judges`.
    #[must_use]
    pub const fn without_profile(mut self, judges: bool) -> Self {
        self.settings.judge_by_model = judges;
        self.settings.provisional = true;
        self
    }

    /// Other thresholds of the running means than the model's, nats a call: of the slow and of the
    /// fast score.
    #[must_use]
    pub const fn with_thresholds(mut self, slow: Option<f64>, fast: Option<f64>) -> Self {
        self.settings.slow_threshold = slow;
        self.settings.fast_threshold = fast;
        self
    }

    /// What judges the service: by `profile` where there is one, else by the general model.
    #[must_use]
    pub fn detector(&self, model: Model, profile: Option<Profile>) -> Detector {
        let settings = self.settings.clone();
        let Some(profile) = profile else {
            return Detector::new(model, settings);
        };
        let (thresholds, _) = budget::thresholds(&profile, &self.budget);
        let mut detector = Detector::with_profile(model, profile, thresholds, settings);
        if self.adapts {
            detector.adapt(Adapting::default());
        }
        detector
    }
}
