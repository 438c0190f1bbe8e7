//! What a person asks of a service.

use serde::{Deserialize, Serialize};

/// What a person asks of a service.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// What was learned suffices.
    Approve,
    /// Learn it anew.
    Relearn,
    /// Neither judge nor learn it.
    Pause,
    /// Go on with it.
    Resume,
    /// Judge by the profile before.
    Rollback,
}

impl Action {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Relearn => "relearn",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Rollback => "rollback",
        }
    }

    /// The action of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let all = [
            Self::Approve,
            Self::Relearn,
            Self::Pause,
            Self::Resume,
            Self::Rollback,
        ];
        all.into_iter().find(|it| it.name() == name)
    }
}
