//! One thing that was checked.

use serde::Serialize;

/// How a check went.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should be.
    Ok,
    /// It works with less.
    Warning,
    /// Watching does not work.
    Failed,
}

/// One thing that was checked.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Check {
    /// What.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do, where it is not as it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

impl Check {
    /// As it should be.
    #[must_use]
    pub fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            outcome: Outcome::Ok,
            found: found.into(),
            remedy: None,
        }
    }

    /// Not as it should be.
    #[must_use]
    pub fn wrong(
        name: &'static str,
        outcome: Outcome,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            name,
            outcome,
            found: found.into(),
            remedy: Some(remedy.into()),
        }
    }

    /// A sentence with its remedy after the last colon, as errors of this program are.
    #[must_use]
    pub fn failed(name: &'static str, error: &str) -> Self {
        let (found, remedy) = error.rsplit_once(": ").unwrap_or((error, ""));
        Self {
            name,
            outcome: Outcome::Failed,
            found: found.into(),
            remedy: (!remedy.is_empty()).then(|| remedy.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, Outcome};

    #[test]
    fn a_refusal_is_taken_apart_into_finding_and_remedy() {
        let check = Check::failed("kernel", "kernel 5.4 is too old: it needs 5.8: upgrade");
        assert_eq!(check.outcome, Outcome::Failed);
        assert_eq!(check.found, "kernel 5.4 is too old: it needs 5.8");
        assert_eq!(check.remedy.as_deref(), Some("upgrade"));
    }
}
