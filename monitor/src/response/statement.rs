//! What is said of an action.

use serde::{Deserialize, Serialize};

use super::plan::Action;

/// What became of an action.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It would have been done, were this not a dry run.
    DryRun,
    /// It is not to be done.
    Refused,
    /// It could not be done.
    Failed,
    /// What was done is undone.
    Undone,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::DryRun => "dry run",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Undone => "undone",
        }
    }
}

/// An action, and what became of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ActionStatement {
    /// The incident's id.
    pub incident: String,
    /// The service.
    pub service: String,
    /// What was to be done.
    pub action: Action,
    /// What became of it.
    pub outcome: Outcome,
    /// The same in words.
    pub what: String,
    /// When, as RFC 3339 in UTC.
    pub time: String,
}

impl ActionStatement {
    /// The action in a line.
    #[must_use]
    pub fn line(&self) -> String {
        use crate::who::redaction::harmless;
        format!(
            "ACTION {} {}: {} ({}), incident {}",
            harmless(&self.action.to_string()),
            self.outcome.name(),
            harmless(&self.what),
            harmless(&self.service),
            harmless(&self.incident),
        )
    }
}
