//! What the helper is asked.

use serde::{Deserialize, Serialize};

use super::plan::Action;
use crate::detect::severity::Severity;

/// The longest line that the helper and who asks it take of each other, bytes.
pub const LONGEST: u64 = 16 << 10;

/// An action that is asked for.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The incident's id.
    pub incident: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is to be done.
    pub action: Action,
    /// The service's key.
    pub service: String,
    /// The process of the incident's heaviest alarm.
    pub pid: u32,
    /// Its thread.
    pub tid: u32,
    /// When that thread was started, nanoseconds since boot.
    pub start_ns: u64,
    /// The service's own cgroup, by its path in the hierarchy.
    pub cgroup: Option<String>,
}
