//! What a profile was learned from, by whom and when.

use serde::{Deserialize, Serialize};

/// Something that was learned from.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Origin {
    /// The recording's name, or the target of a live run; escaped where it is shown.
    pub name: String,
    /// SHA-256 of the recording (of a live run: of the recording that it would have been),
    /// hexadecimal.
    pub sha256: String,
    /// What the recording says of its host and target.
    pub about: String,
    /// Calls.
    pub calls: u64,
    /// Lives of threads.
    pub lives: u64,
    /// Calls that the recording lacks.
    pub lost: u64,
    /// From its first event to its last, seconds; 0 in sources without time.
    pub seconds: f64,
    /// When it was learned, seconds since 1970 UTC.
    pub learned_unix_s: u64,
    /// The kernel of the host that learned it.
    pub kernel: String,
    /// The version of the monitor that learned it.
    pub tool: String,
    /// The general model beside it: name and SHA-256 of its graph.
    pub model: (String, String),
}

/// Everything that was learned from, oldest first.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Provenance {
    /// One after the other.
    pub origins: Vec<Origin>,
}

impl Provenance {
    /// Whether the recording of this SHA-256 was learned.
    #[must_use]
    pub fn has(&self, sha256: &str) -> bool {
        self.origins.iter().any(|origin| origin.sha256 == sha256)
    }

    /// Calls learned from.
    #[must_use]
    pub fn calls(&self) -> u64 {
        let calls = self.origins.iter().map(|origin| origin.calls);
        calls.fold(0, u64::saturating_add)
    }

    /// Lives of threads learned from.
    #[must_use]
    pub fn lives(&self) -> u64 {
        let lives = self.origins.iter().map(|origin| origin.lives);
        lives.fold(0, u64::saturating_add)
    }

    /// How long was learned, seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.origins.iter().map(|origin| origin.seconds).sum()
    }

    /// The service's own calls a second; `None` where nothing was learned that knows the time.
    #[must_use]
    pub fn calls_per_second(&self) -> Option<f64> {
        let timed = || self.origins.iter().filter(|origin| origin.seconds > 0.0);
        let seconds: f64 = timed().map(|origin| origin.seconds).sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let calls: f64 = timed().map(|origin| origin.calls as f64).sum();
        (seconds > 0.0 && calls > 0.0).then(|| calls / seconds)
    }
}
