//! What was found on one service.

use serde::{Deserialize, Serialize};

use super::by_detector::ByDetector;
use super::detection::Detected;
use crate::scenarios::attack::Attack;

/// What was found on one service.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The version that was learned.
    pub version: String,
    /// The version of the upgrade.
    pub other: Option<String>,
    /// What all three detectors learned from.
    pub learned: Learned,
    /// The attacks in the order in which they were made.
    pub attacks: Vec<Attacked>,
    /// The benign recordings.
    pub benign: Vec<Benign>,
    /// Attacks and benign lives that could not be had.
    pub not_had: Vec<NotHad>,
    /// The attacks once more in one run of the monitor; reports from before 2026-11-26 have none.
    #[serde(default)]
    pub together: Option<Together>,
}

/// All attacks on a service in one run of the monitor.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Together {
    /// In the order in which they were made.
    pub attacks: Vec<InTurn>,
    /// Alarms of the monitor, the false ones among them.
    pub alarms: u64,
    /// Alarms that it only counted, as they were like one before.
    pub alike: u64,
}

/// One attack of a series.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct InTurn {
    /// Which.
    pub attack: Attack,
    /// Whether a benign load that was never learned came before it, and then, whether that raised
    /// an alarm.
    pub provoked: Option<bool>,
    /// Whether and when each detector detected it.
    pub by: ByDetector<Option<Detected>>,
}

/// An attack that could not be made, or a benign life that could not be lived.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NotHad {
    /// Which.
    pub what: String,
    /// Why not.
    pub why: String,
}

impl NotHad {
    /// So called, for this reason.
    pub fn new(what: &str, why: &anyhow::Error) -> Self {
        Self {
            what: what.to_owned(),
            why: format!("{why:#}"),
        }
    }
}

/// What the detectors of a service were learned from.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Learned {
    /// Recordings.
    pub recordings: usize,
    /// Calls.
    pub calls: u64,
    /// Lives of threads.
    pub threads: u64,
    /// The recordings' length.
    pub seconds: f64,
    /// After how many calls the monitor said that the profile had settled; `None` if it did not.
    pub settled_after_calls: Option<u64>,
    /// The same in seconds.
    pub settled_after_s: Option<f64>,
    /// The false alarms that the monitor was asked for, as on its command line.
    pub budget: String,
    /// Mismatches in a frame of 20 that STIDE tolerates.
    pub stide_threshold: u32,
}

/// One attack on a service.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Attacked {
    /// Which.
    pub attack: Attack,
    /// Whether it is padded with the service's own sequences: to detect these is no target.
    pub mimicry: bool,
    /// Whether it was carried out to its end.
    pub complete: bool,
    /// What it got: a shell's answer, bytes that came out; text of the attack, shown escaped.
    pub answer: String,
    /// The error of the first of its calls that failed; 0 when none did.
    pub errno: i32,
    /// Calls that it made itself.
    pub calls: u64,
    /// Why it leaves no trace in the calls of this service, where that is so by design.
    #[serde(default)]
    pub traceless: Option<String>,
    /// Incidents opened and updated in its run of the monitor, as a person is told them; reports
    /// from before 2026-11-26 have none.
    #[serde(default)]
    pub messages: Option<u64>,
    /// The headlines of the incidents that opened.
    #[serde(default)]
    pub headlines: Vec<String>,
    /// Whether and when each detector detected it.
    pub by: ByDetector<Option<Detected>>,
}

/// One recording of a service that nobody attacked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Benign {
    /// What was done with the service.
    pub variant: String,
    /// Whether it ran another version or build.
    pub upgrade: bool,
    /// Calls.
    pub calls: u64,
    /// Its length.
    pub seconds: f64,
    /// Calls that were lost.
    pub lost: u64,
    /// Alarms, all of them false.
    pub false_alarms: ByDetector<u64>,
    /// Alarms of the monitor that it only counted, as they were like one that it told.
    pub alike: u64,
    /// The headlines of the incidents that opened, all of them false; reports from before
    /// 2026-11-26 have none.
    #[serde(default)]
    pub incidents: Option<Vec<String>>,
}
