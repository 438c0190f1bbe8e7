//! What a detector judges by, and what it keeps for that alone.

use std::collections::VecDeque;

use super::own::{Mark, Own, OwnStream};
use super::provisional::Provisional;
use super::selection::Ration;
use super::stretches::Stretches;
use super::versions::Versions;
use super::{Adapting, Settings};
use crate::detail::{Touch, Written};
use crate::detect::stream::Stream;
use crate::detect::threshold::Limits;
use crate::detect::verdict::JudgedBy;
use crate::profile::Profile;

/// What a detector judges by.
pub(super) enum Judge {
    /// The general model alone.
    Model(ByModel),
    /// A service's own profile, by which the model is asked.
    Profile(Box<ByProfile>),
}

/// What is kept to judge by the general model.
pub(super) struct ByModel {
    /// How each thread shares in the model, by slot.
    pub rations: Vec<Ration>,
    pub provisional: Option<Provisional>,
    pub stretches: Stretches,
}

/// What is kept to judge by a profile.
pub(super) struct ByProfile {
    pub own: Own,
    /// By slot.
    pub streams: Vec<OwnStream>,
    /// Of the calls that are queued, those to be dropped left out.
    pub marks: Vec<Mark>,
    /// Those of the steps that are queued, in order.
    pub touches: VecDeque<Touch>,
    pub written: Written,
    pub adapting: Option<Adapting>,
    pub versions: Option<Versions>,
}

impl Judge {
    pub(super) fn by_model(settings: &Settings) -> Self {
        Self::Model(ByModel {
            rations: Vec::new(),
            provisional: settings.provisional.then(Provisional::default),
            stretches: Stretches::default(),
        })
    }

    pub(super) fn by_profile(profile: Profile) -> Self {
        Self::Profile(Box::new(ByProfile {
            own: Own::new(profile),
            streams: Vec::new(),
            marks: Vec::new(),
            touches: VecDeque::new(),
            written: Written::default(),
            adapting: None,
            versions: None,
        }))
    }

    /// The profile at work; none where the model alone judges.
    pub(super) fn own(&self) -> Option<&Own> {
        self.profile().map(|by| &by.own)
    }

    pub(super) const fn profile(&self) -> Option<&ByProfile> {
        match self {
            Self::Model(_) => None,
            Self::Profile(by) => Some(by),
        }
    }

    pub(super) const fn profile_mut(&mut self) -> Option<&mut ByProfile> {
        match self {
            Self::Model(_) => None,
            Self::Profile(by) => Some(by),
        }
    }

    pub(super) const fn model_mut(&mut self) -> Option<&mut ByModel> {
        match self {
            Self::Model(by) => Some(by),
            Self::Profile(_) => None,
        }
    }

    /// A new thread has the slot `place`, which is the next one that there was none of, or one that
    /// another had.
    pub(super) fn admit(&mut self, place: usize) {
        match self {
            Self::Model(by) => match by.rations.get_mut(place) {
                Some(ration) => *ration = Ration::new(),
                None => by.rations.push(Ration::new()),
            },
            // What another left there is replaced where the new thread's stream begins.
            Self::Profile(by) if place == by.streams.len() => by.streams.push(by.own.stream(true)),
            Self::Profile(_) => {}
        }
    }
}

impl ByProfile {
    /// The present version of the profile, by which an alarm is raised; `None` where versions are
    /// not named.
    pub(super) fn judged_by(&mut self) -> Option<JudgedBy> {
        let versions = self.versions.as_mut()?;
        Some(versions.judge(self.own.profile()))
    }

    /// Learns on after a call of a stream that gave no cause for an alarm; how many calls were
    /// learned.
    pub(super) fn learn(&mut self, stream: &mut Stream, limits: &Limits, time_ns: u64) -> u64 {
        let Some(adapting) = &mut self.adapting else {
            return 0;
        };
        let learned = adapting.step(self.own.profile_mut(), stream, limits, time_ns);
        if let (Some(versions), 1..) = (&mut self.versions, learned) {
            versions.change();
        }
        learned
    }
}
