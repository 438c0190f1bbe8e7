//! What came of a service's lives and attacks.

use std::path::PathBuf;

use anyhow::{Error, Result};
use serde_json::Value;

use crate::scenarios::attack::Attack;
use crate::scenarios::marks::Mark;
use crate::scenarios::variant::Variant;
use crate::scenarios::watcher::Verdicts;

/// A run of the watching monitor.
#[derive(Debug)]
pub struct Watched {
    /// Exactly what was judged.
    pub recording: PathBuf,
    /// What came of it.
    pub verdicts: Verdicts,
}

/// An attack under the eyes of a monitor of its own: an alarm like one that was told is only
/// counted, and an attack is not to hide behind the one before.
#[derive(Debug)]
pub struct Made {
    /// Which.
    pub attack: Attack,
    /// When and where it was made, and what came of it; or why it could not be made.
    pub outcome: Result<(Mark, Watched)>,
}

/// A benign life that was watched.
#[derive(Debug)]
pub struct Lived {
    /// Which.
    pub variant: Variant,
    /// What was judged, and what came of it; or why the life could not be lived here.
    pub outcome: Result<Watched>,
}

/// All that one service gave.
#[derive(Debug)]
pub struct Studied {
    /// Its name.
    pub name: &'static str,
    /// The learned version.
    pub version: String,
    /// The version of the upgrade, where there is one.
    pub other: Option<String>,
    /// What was learned from.
    pub recordings: Vec<PathBuf>,
    /// The false alarms that the monitor was asked for.
    pub budget: String,
    /// What `monitor learn` says.
    pub learned: Value,
    /// The benign lives.
    pub lives: Vec<Lived>,
    /// The attacks, in order.
    pub attacks: Vec<Made>,
    /// The same attacks under one monitor, where that was wanted.
    pub together: Option<Together>,
    /// Attacks that leave no trace in the calls of this service, and why not.
    pub traceless: &'static [(Attack, &'static str)],
}

impl Studied {
    /// The model that judged, as the monitor names it.
    pub fn model(&self) -> Option<String> {
        let lived = self
            .lives
            .iter()
            .filter_map(|life| life.outcome.as_ref().ok());
        let attacked = self
            .attacks
            .iter()
            .filter_map(|made| made.outcome.as_ref().ok());
        let verdicts = &lived.chain(attacked.map(|(_, it)| it)).next()?.verdicts;
        Some(verdicts.summary["model"]["name"].as_str()?.to_owned())
    }
}

/// An attack of the series.
#[derive(Debug)]
pub struct InTurn {
    /// When and where it was made.
    pub mark: Mark,
    /// When a benign load that was never learned began before it, if one did.
    pub provoked_ns: Option<u64>,
}

/// All attacks in one run of the monitor.
#[derive(Debug)]
pub struct Together {
    /// The attacks that were made, in this order.
    pub attacks: Vec<InTurn>,
    /// What was judged, and what came of it.
    pub watched: Watched,
    /// The attacks that could not be made.
    pub not_made: Vec<(Attack, Error)>,
}
