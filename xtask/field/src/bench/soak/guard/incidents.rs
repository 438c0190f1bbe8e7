//! Whether every incident that a guard kept gives its scores again.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde_json::Value;

use super::Run;
use crate::bench::overhead::Place;

/// What replays gave.
#[derive(Debug, Default, Serialize)]
pub struct Replays {
    /// Incidents and alarms in the log.
    pub incidents: u64,
    pub alarms: u64,
    /// Alarms of incidents that gave their scores again to the bit.
    pub same: u64,
    /// What was said of the others.
    pub others: Vec<String>,
}

/// Replays each incident of the alarm log by its id, as a person does.
///
/// # Errors
/// The log cannot be read, or the monitor not started.
pub fn replay(place: &Place, run: &Run<'_>) -> Result<Replays> {
    let path = run.alarm_log();
    let mut replays = Replays::default();
    let Ok(file) = File::open(&path) else {
        return Ok(replays);
    };
    let mut ids = BTreeSet::new();
    for line in BufReader::new(file).lines() {
        let line: Value = serde_json::from_str(&line?).context("a line of the alarm log")?;
        match line["type"].as_str() {
            Some("incident") => {
                ids.extend(line["id"].as_str().map(str::to_owned));
            }
            Some("alarm") => replays.alarms += 1,
            _ => {}
        }
    }
    for id in ids {
        replays.incidents += 1;
        let mut command = place.monitor(&["replay", &id]);
        command.arg("--alarm-log").arg(&path).stdin(Stdio::null());
        let done = command.output().context("monitor replay")?;
        let said = String::from_utf8_lossy(&done.stdout);
        let (same, others): (Vec<_>, Vec<_>) = said
            .lines()
            .filter(|line| line.starts_with("alarm "))
            .partition(|line| line.contains(SAME));
        replays.same += same.len() as u64;
        replays
            .others
            .extend(others.iter().map(|it| (*it).to_owned()));
        // 3 says that its alarms are alarms again.
        if done.status.code() != Some(3) {
            let why = String::from_utf8_lossy(&done.stderr);
            replays.others.push(format!("{id}: {} {why}", done.status));
        }
    }
    Ok(replays)
}

/// What a replay says of such an alarm.
const SAME: &str = ", the same to the bit,";
