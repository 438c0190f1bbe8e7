//! What the suite found: `scenarios.json`, the README's table, and the tables of
//! `docs/scenarios.md`.

mod by_detector;
pub mod details;
pub mod detection;
mod service;
pub mod share;
pub mod table;
pub mod targets;
#[cfg(test)]
mod tests;
pub mod totals;

use std::path::Path;

use anyhow::Result;
use serde::{Deserialize, Serialize};

pub use self::by_detector::{ByDetector, Detector};
pub use self::service::{Attacked, Benign, InTurn, Learned, NotHad, Service, Together};
use self::targets::{Target, targets};
use self::totals::Totals;
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

    /// Takes in the services of another run, as one by `--service` leaves them. What differs
    /// between the runs is told of both.
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
