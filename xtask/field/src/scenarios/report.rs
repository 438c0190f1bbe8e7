//! What the suite found: `scenarios.json`, the README's table, and the tables of `docs/scenarios.md`.

pub mod details;
pub mod detection;
pub mod share;
pub mod table;
pub mod targets;
#[cfg(test)]
mod tests;
pub mod totals;

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use self::detection::Detected;
use self::targets::{Target, targets};
use self::totals::Totals;
use super::attack::Attack;
use support::files::write_whole;

/// The version of the layout of `scenarios.json`; another number may mean anything.
pub const FORMAT: u32 = 1;

/// One run of the suite.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Suite {
    /// [`FORMAT`].
    pub format: u32,
    /// The command, to be run in the workspace's root.
    pub command: String,
    /// The commit the monitor was built from.
    pub monitor: String,
    /// The model, as its manifest says.
    pub model: String,
    /// The CPU's model and how many there are.
    pub machine: Machine,
    /// `uname -r`.
    pub kernel: String,
    /// When it began, UTC, `YYYY-MM-DD`.
    pub date: String,
    /// Whether it was the short form, whose figures are a check of the suite and not a result.
    pub short: bool,
    /// What was found.
    pub services: Vec<Service>,
}

/// What it ran on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Machine {
    /// The CPU's model.
    pub cpu: String,
    /// CPUs.
    pub cpus: usize,
}

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
    /// Whether a benign load that was never learned came before it, and then, whether that raised an alarm.
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

/// One value for each detector.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct ByDetector<T> {
    /// The monitor.
    pub monitor: T,
    /// "A call never seen before".
    pub never_seen: T,
    /// STIDE.
    pub stide: T,
}

impl<T> ByDetector<T> {
    /// The values in the order of the fields.
    pub const fn each(&self) -> [&T; 3] {
        [&self.monitor, &self.never_seen, &self.stide]
    }

    /// What `make` makes of each detector.
    pub fn of(mut make: impl FnMut(Detector) -> T) -> Self {
        Self {
            monitor: make(Detector::Monitor),
            never_seen: make(Detector::NeverSeen),
            stide: make(Detector::Stide),
        }
    }

    /// A detector's value.
    pub const fn get(&self, detector: Detector) -> &T {
        match detector {
            Detector::Monitor => &self.monitor,
            Detector::NeverSeen => &self.never_seen,
            Detector::Stide => &self.stide,
        }
    }
}

/// The detectors that are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Detector {
    /// The monitor.
    Monitor,
    /// "A call never seen before".
    NeverSeen,
    /// STIDE.
    Stide,
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
    /// Incidents opened and updated in its run of the monitor, as a person is told them; reports from
    /// before 2026-11-26 have none.
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
    /// The headlines of the incidents that opened, all of them false; reports from before 2026-11-26
    /// have none.
    #[serde(default)]
    pub incidents: Option<Vec<String>>,
}

/// What stands in `scenarios.json`: the run, and what follows from it.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    suite: &'a Suite,
    /// Each service's totals, in the order of the services.
    totals: Vec<ByDetector<Totals>>,
    /// Of all services together.
    total: ByDetector<Totals>,
    targets: Vec<Target>,
}

impl Suite {
    /// The run as JSON, with each service's totals and the targets.
    ///
    /// # Errors
    ///
    /// A figure that JSON has no form for.
    pub fn json(&self) -> Result<Vec<u8>> {
        let services = self.services.iter().map(std::slice::from_ref);
        let written = Written {
            suite: self,
            totals: services.map(Totals::by_detector).collect(),
            total: Totals::by_detector(&self.services),
            targets: targets(self),
        };
        let mut text = serde_json::to_vec_pretty(&written)?;
        text.push(b'\n');
        Ok(text)
    }

    /// Writes [`Suite::json`] to `path`, whole or not at all.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, &self.json()?)
    }

    /// Takes in the services of another run, as one by `--service` leaves them. What differs between
    /// the runs is told of both.
    ///
    /// # Errors
    ///
    /// Both have the same service, or only one of them is of the short form.
    pub fn join(&mut self, other: Self) -> Result<()> {
        for service in &other.services {
            anyhow::ensure!(
                self.services.iter().all(|it| it.name != service.name),
                "{} is in two of the reports",
                service.name
            );
        }
        anyhow::ensure!(
            self.short == other.short,
            "a report of the short form cannot be put together with another"
        );
        let both = |ours: &mut String, theirs: String, between: &str| {
            if !ours.split(between).any(|it| it == theirs) {
                *ours += between;
                *ours += &theirs;
            }
        };
        both(&mut self.command, other.command, "; ");
        both(&mut self.monitor, other.monitor, ", ");
        both(&mut self.model, other.model, ", ");
        both(&mut self.kernel, other.kernel, ", ");
        both(&mut self.date, other.date, ", ");
        both(&mut self.machine.cpu, other.machine.cpu, ", ");
        self.services.extend(other.services);
        let place = |service: &Service| {
            let all = super::service::ALL.iter();
            all.clone().position(|(name, ..)| *name == service.name)
        };
        self.services.sort_by_key(place);
        Ok(())
    }

    /// Reads what [`Suite::write`] wrote.
    ///
    /// # Errors
    ///
    /// The text is no such file, or one of another version.
    pub fn read(text: &[u8]) -> Result<Self> {
        let suite: Self = serde_json::from_slice(text)?;
        anyhow::ensure!(
            suite.format == FORMAT,
            "a report of format {}; this command reads {FORMAT}",
            suite.format
        );
        Ok(suite)
    }
}
