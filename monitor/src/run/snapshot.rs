//! How a run stands: what its source, its queue and its detector counted.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::detect::counters::Counters;
use crate::model::manifest::Manifest;

/// What the source of a run counted, published by the source itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SourceStatus {
    /// Calls that the source handed over or tried to.
    pub received: u64,
    /// Calls that were lost before the source could read them: the reason in words, and how many.
    pub lost: Vec<(&'static str, u64)>,
    /// What else was missed: in words, and how many (children that could not be followed, say).
    pub missed: Vec<(&'static str, u64)>,
    /// Threads under watch now; `None` where the source cannot tell.
    pub threads: Option<u64>,
    /// Processes under watch now; `None` where the source cannot tell.
    pub processes: Option<u64>,
    /// By which kind of tracepoint the kernel is watched; `None` where the source is not the
    /// kernel.
    pub attachment: Option<&'static str>,
}

/// What a full queue refused, because scoring could not keep up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Unscored {
    /// System calls.
    pub calls: u64,
    /// The stretches that these calls made up.
    pub stretches: u64,
    /// Forks, execs and exits that found even the room for them full.
    pub lifecycle: u64,
    /// What calls touched, of threads that filled the queue.
    pub touches: u64,
}

/// Whether an output works.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputState {
    /// It took the last statement, or had none yet.
    #[default]
    Ok,
    /// It could not take the last statement, which is tried again.
    Failing,
    /// It has not finished one statement for seconds.
    Blocked,
    /// Nobody reads it any more.
    Closed,
    /// It failed, and is not tried again.
    Ended,
}

/// How an output does.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct OutputStatus {
    /// What it is called.
    pub name: String,
    /// Whether it works.
    pub state: OutputState,
    /// Statements written: verdicts and summaries.
    pub written: u64,
    /// Attempts that failed.
    pub failures: u64,
    /// Statements that were never written.
    pub dropped: u64,
    /// Statements that wait.
    pub queued: u64,
    /// The last failure, in words.
    pub error: Option<String>,
}

impl OutputStatus {
    /// Whether something is missing in it.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        match self.state {
            OutputState::Ok | OutputState::Blocked => self.dropped > 0,
            OutputState::Failing | OutputState::Ended => true,
            OutputState::Closed => false,
        }
    }
}

/// How a run stands at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Since the run began.
    pub elapsed: Duration,
    /// The source's counts.
    pub source: SourceStatus,
    /// The queue's counts.
    pub unscored: Unscored,
    /// The detector's counts.
    pub counters: Counters,
    /// Incidents that opened, and those of them that are open.
    pub incidents: (u64, u64),
    /// What the monitor may use of one core, if that is limited.
    pub cpu_allowed: Option<f64>,
    /// Whether the LSTM is at its least share: what is used beyond the limit then is what every
    /// call needs.
    pub cpu_exhausted: bool,
    /// How each output does.
    pub outputs: Vec<OutputStatus>,
    /// How long ago the source gave a sign of life; `None` where it gives none, as a recording.
    pub source_age: Option<Duration>,
    /// When the last call was made that was read, by the clock of the events; 0 before the first.
    pub last_call_ns: u64,
}

impl Snapshot {
    /// Calls that were made under watch and have no surprise because they were lost on the way:
    /// in the kernel, in the queue, or wherever else the sequence numbers show a gap.
    ///
    /// The reasons in [`SourceStatus::lost`] and [`Unscored`] say where; the detector's count also
    /// holds what none of them explains, so the larger of the two is the answer.
    #[must_use]
    pub fn lost_calls(&self) -> u64 {
        let explained: u64 = self.source.lost.iter().map(|&(_, count)| count).sum();
        self.counters
            .lost
            .max(explained.saturating_add(self.unscored.calls))
    }
}

/// How a run went.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The final counts.
    pub snapshot: Snapshot,
    /// CPU time that the monitor itself used, user and system together.
    pub cpu: Duration,
}

/// Which model judges a run, and by which thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelIdentity {
    /// Its name in its manifest.
    pub name: String,
    /// SHA-256 of its `model.onnx`, lower-case hexadecimal.
    pub sha256: String,
    /// What the slow score must exceed, nats a call; infinite where a profile judges instead.
    pub slow_threshold: f64,
    /// The same for the fast score.
    pub fast_threshold: f64,
    /// The profile that judges as well, if there is one.
    pub profile: Option<ProfileIdentity>,
}

impl ModelIdentity {
    /// A model that judges by its own thresholds, without a profile.
    #[must_use]
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            name: manifest.name.clone(),
            sha256: manifest.model_sha256.clone(),
            slow_threshold: manifest.threshold.slow,
            fast_threshold: manifest.threshold.fast,
            profile: None,
        }
    }
}

/// Which profile judges a run.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileIdentity {
    /// SHA-256 of its file, lower-case hexadecimal.
    pub sha256: String,
    /// Whether it learns on while it judges, so that a later replay by the file may give other
    /// scores.
    pub adapted: bool,
    /// Where its file is; `None` where it is none or has no name in UTF-8.
    pub path: Option<String>,
    /// What the evidence of things never seen before must exceed, nats.
    pub first_seen_threshold: f64,
    /// What the sum of what was never learned must exceed, nats.
    pub sequence_threshold: f64,
}
