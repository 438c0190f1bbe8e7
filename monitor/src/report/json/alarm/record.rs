//! What stands in the line of an alarm beside its own fields.

use serde::{Deserialize, Serialize};

use crate::detect::verdict::{JudgedBy, Pace};
use crate::run::snapshot::{ModelIdentity, ProfileIdentity};

/// Why an alarm is logged and not reported.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuppressedKind {
    /// It is like one that was reported.
    Alike,
    /// Enough that weigh as much were reported within the minute.
    Rate,
}

/// A score that crossed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct ReasonRecord {
    /// Which.
    pub pace: Pace,
    /// The score.
    pub score: f64,
    /// What it had to exceed.
    pub threshold: f64,
}

/// Something that the service never did before.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FirstSeenRecord {
    /// The place of the call in its thread, from 0.
    pub seq: u64,
    /// What was new.
    pub kind: FirstKind,
    /// The process name that was new, or that never made the call; escaped.
    pub comm: Option<String>,
    /// The call's table.
    pub abi: Option<String>,
    /// Its number there.
    pub number: Option<u32>,
    /// Its name there.
    pub name: Option<String>,
    /// What was touched, in the text form of details.
    #[serde(default)]
    pub detail: Option<String>,
    /// How the call on it went, where that is what was new.
    #[serde(default)]
    pub outcome: Option<String>,
    /// The technique of MITRE ATT&CK that it is a means of, where that is certain.
    #[serde(default)]
    pub technique: Option<String>,
    /// What it is worth, nats.
    pub nats: f64,
}

/// What can be new.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstKind {
    /// The call.
    Call,
    /// The process name.
    ProcessName,
    /// The call for processes of the name.
    CallOfName,
    /// What a call touched.
    Touch,
    /// How a call went on something that was touched before.
    Outcome,
}

/// A process of a lineage.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct KinRecord {
    /// Thread group id.
    pub pid: u32,
    /// Its name, escaped.
    pub comm: String,
    /// Whether it got the name by executing a program while it was watched.
    #[serde(default)]
    pub executed: bool,
}

/// Which profile judged.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ProfileRecord {
    /// SHA-256 of its file.
    pub sha256: String,
    /// Whether it learned on since it was read.
    pub adapted: bool,
    /// Where its file is, escaped.
    #[serde(default)]
    pub path: Option<String>,
}

/// A call that surprised.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SurprisingRecord {
    /// Its place in its thread, from 0.
    pub seq: u64,
    /// Its table.
    pub abi: String,
    /// Its number there.
    pub number: u32,
    /// Its name there.
    pub name: Option<String>,
    /// Its index in the vocabulary.
    pub index: u16,
    /// Nats.
    pub surprise: f32,
    /// What was likelier.
    pub expected: Vec<ExpectedRecord>,
    /// The call before it, and how often the service made the two in a row.
    #[serde(default)]
    pub pair: Option<PairRecord>,
}

/// A call before another.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PairRecord {
    /// Its table.
    pub abi: String,
    /// Its number there.
    pub number: u32,
    /// Its name there.
    pub name: Option<String>,
    /// How often the service made it and then the other.
    pub count: u64,
}

/// A call that was expected.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ExpectedRecord {
    /// Its table; `null` where the general model expected an index.
    #[serde(default)]
    pub abi: Option<String>,
    /// Its number there.
    #[serde(default)]
    pub number: Option<u32>,
    /// Index in the vocabulary.
    pub index: u16,
    /// The call's name; without a table ADFA-LD's name of the index, `null` for index 0.
    pub name: Option<String>,
    /// Between 0 and 1.
    pub probability: f32,
}

/// The calls that an alarm rests on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FlightRecord {
    /// The place of the first in its thread.
    pub first_seq: u64,
    /// Table, number and name of each.
    pub calls: Vec<CallRecord>,
    /// The thread's names, escaped, each with the place of the first call under it.
    #[serde(default)]
    pub names: Vec<(u64, String)>,
    /// What was touched that was new to the service.
    #[serde(default)]
    pub touches: Vec<TouchRecord>,
}

/// What a call touched.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TouchRecord {
    /// The place of the call in its thread, from 0.
    pub seq: u64,
    /// The call's table.
    pub abi: String,
    /// Its number there.
    pub number: u32,
    /// Its name there.
    pub name: Option<String>,
    /// What it touched, in the text form of details.
    pub detail: String,
    /// How it went; `null` where that is not known.
    pub outcome: Option<String>,
}

/// Table, number and name of a call.
pub type CallRecord = (String, u32, Option<String>);

/// Which model judged.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ModelRecord {
    /// Its name.
    pub name: String,
    /// SHA-256 of its graph.
    pub sha256: String,
}

impl From<&ModelIdentity> for ModelRecord {
    fn from(model: &ModelIdentity) -> Self {
        Self {
            name: model.name.clone(),
            sha256: model.sha256.clone(),
        }
    }
}

impl From<&JudgedBy> for ProfileRecord {
    fn from(profile: &JudgedBy) -> Self {
        Self {
            sha256: profile.sha256.to_string(),
            // The version is kept by which it judged.
            adapted: false,
            path: profile.path.as_deref().map(str::to_owned),
        }
    }
}

impl From<&ProfileIdentity> for ProfileRecord {
    fn from(profile: &ProfileIdentity) -> Self {
        Self {
            sha256: profile.sha256.clone(),
            adapted: profile.adapted,
            path: profile.path.clone(),
        }
    }
}
