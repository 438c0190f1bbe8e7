//! Where a service stands in its life.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a service stands.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its first calls came a moment ago.
    #[default]
    New,
    /// There is no profile to judge by yet.
    Learning,
    /// What was learned is tried on what was left out.
    Validating,
    /// Fit to be watched once a person approves.
    Settled,
    /// It is judged by its profile.
    Watching,
    /// It is another release than the one that was learned.
    Changed,
    /// It was learned for the longest time, and is judged although what is lacking is lacking.
    Unsettled,
}

impl State {
    /// All of them, in the order of a service's life.
    pub const ALL: [Self; 7] = [
        Self::New,
        Self::Learning,
        Self::Validating,
        Self::Settled,
        Self::Watching,
        Self::Changed,
        Self::Unsettled,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Learning => "learning",
            Self::Validating => "validating",
            Self::Settled => "settled",
            Self::Watching => "watching",
            Self::Changed => "changed",
            Self::Unsettled => "unsettled",
        }
    }

    /// Whether its calls are learned now.
    #[must_use]
    pub const fn learns(self) -> bool {
        !matches!(self, Self::Watching)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
