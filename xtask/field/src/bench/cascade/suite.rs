//! The scenario suite: its recordings judged again, by what the LSTM may see of them.

mod row;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::SHARES;
use crate::scenarios::marks::Mark;
use crate::scenarios::plain::Alarm;
use crate::scenarios::report::Suite;
use crate::scenarios::report::detection::hits;
use crate::scenarios::study::MARK;
use crate::scenarios::variant;
use crate::scenarios::watcher::{Monitor, Verdicts, file};
pub use row::Row;
use row::{Outcome, What};

/// What was measured.
#[derive(Debug, Serialize)]
pub struct Suites {
    /// The services.
    pub services: Vec<String>,
    /// When the suites ran, and which monitor watched.
    pub runs: Vec<String>,
    /// By share.
    pub rows: Vec<Row>,
}

/// One recording that the suite left.
struct Recorded {
    name: String,
    kind: Kind,
    recording: PathBuf,
    profile: PathBuf,
    live: Vec<Alarm>,
}

enum Kind {
    Life { upgrade: bool, seconds: f64 },
    Attack(Box<Mark>),
}

/// Judges every recording again at every share.
///
/// # Errors
/// A folder is none of the suite's, or the monitor fails.
pub fn measure(monitor: &Monitor, folders: &[PathBuf]) -> Result<Suites> {
    let mut suites = Suites {
        services: Vec::new(),
        runs: Vec::new(),
        rows: Vec::new(),
    };
    let mut outcomes = vec![Vec::new(); SHARES.len()];
    for folder in folders {
        let path = folder.join("scenarios.json");
        let text = std::fs::read(&path).with_context(|| path.display().to_string())?;
        let suite = Suite::read(&text).with_context(|| path.display().to_string())?;
        let revision: String = suite.monitor.chars().take(12).collect();
        let mut names: Vec<_> = suite.services.iter().map(|it| it.name.clone()).collect();
        let run = format!("{} by monitor {revision}", suite.date);
        suites.runs.push(format!("{} on {run}", names.join(", ")));
        suites.services.append(&mut names);
        for recorded in recordings(folder, &suite)? {
            eprintln!("{}", recorded.name);
            for (outcomes, outcome) in outcomes.iter_mut().zip(recorded.judged(monitor)?) {
                outcomes.push(outcome);
            }
        }
    }
    let whole = outcomes[0].clone();
    let rows = SHARES.into_iter().zip(&outcomes);
    suites.rows = rows
        .map(|(percent, outcomes)| Row::new(percent, outcomes, &whole))
        .collect();
    Ok(suites)
}

/// The recordings of all lives and attacks in a folder.
fn recordings(folder: &Path, suite: &Suite) -> Result<Vec<Recorded>> {
    let mut all = Vec::new();
    for service in &suite.services {
        let folder = folder.join(&service.name);
        let recorded = |name: &str, run: &str, kind| {
            anyhow::Ok(Recorded {
                name: format!("{}: {name}", service.name),
                kind,
                recording: file(&folder, run, "rec"),
                profile: folder.join("profile"),
                live: Verdicts::read(&file(&folder, run, "jsonl"))?.alarms,
            })
        };
        for life in &service.benign {
            let kind = Kind::Life {
                upgrade: life.upgrade,
                seconds: life.seconds,
            };
            all.push(recorded(&life.variant, &variant::run(&life.variant), kind)?);
        }
        for made in &service.attacks {
            let run = made.attack.run();
            let mark = Mark::read(&file(&folder, &run, MARK))?;
            let kind = Kind::Attack(Box::new(mark));
            all.push(recorded(made.attack.name(), &run, kind)?);
        }
    }
    Ok(all)
}

impl Recorded {
    /// What comes of it at each share.
    fn judged(&self, monitor: &Monitor) -> Result<Vec<Outcome>> {
        let verdicts = SHARES
            .into_iter()
            .map(|percent| monitor.replay(&self.recording, &self.profile, percent))
            .collect::<Result<Vec<_>>>()?;
        let whats: Vec<What> = match &self.kind {
            Kind::Life { upgrade, seconds } => verdicts
                .iter()
                .map(|it| What::Life {
                    upgrade: *upgrade,
                    seconds: *seconds,
                    alarms: it.alarms.len() as u64,
                })
                .collect(),
            Kind::Attack(mark) => {
                let alarms: Vec<_> = verdicts.iter().map(|it| &it.alarms[..]).collect();
                let found = hits(std::slice::from_ref(mark), &self.recording, &alarms)?;
                let found = found.into_iter().flatten();
                found
                    .map(|detected| What::Attack {
                        mimicry: mark.attack.is_mimicry(),
                        detected,
                    })
                    .collect()
            }
        };
        let told = verdicts.iter().zip(whats).map(|(told, what)| {
            let number = |name: &str| told.summary[name].as_u64().unwrap_or(0);
            Outcome {
                name: self.name.clone(),
                what,
                calls: number("calls"),
                asked: number("asked"),
                answered: number("answered"),
                as_live: told.alarms == self.live,
            }
        });
        Ok(told.collect())
    }
}
