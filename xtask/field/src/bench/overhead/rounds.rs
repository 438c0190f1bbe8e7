//! Rounds: each measures everything once, what is compared in a random order.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::process::Cpu;
use super::subject::{Measured, Subject};
use super::{Configuration, Options, Place, Workload};
use support::stop;
use trainer::train::random::{Use, generator, shuffle};

/// So long a tool has nothing to watch before it is measured: it has just begun, and the scheduler
/// places two threads that have worked for seconds otherwise than two that rested.
const REST: Duration = Duration::from_millis(200);

/// What was measured of one configuration of a workload.
#[derive(Debug, Serialize)]
pub struct Cell {
    /// Who watched.
    pub configuration: Configuration,
    /// One for each round.
    pub rounds: Vec<Measured>,
    /// CPU time that the tool itself used in each round, cores.
    pub tool_cores: Vec<f64>,
}

/// What was measured of a workload.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Which.
    pub workload: Workload,
    /// Its configurations, in the order of the options.
    pub cells: Vec<Cell>,
    /// Configurations that were not measured, and why.
    pub not_had: Vec<(Configuration, String)>,
}

struct Case {
    row: Row,
    subject: Box<dyn Subject>,
    profile: Option<PathBuf>,
}

/// Measures.
///
/// # Errors
/// A workload or configuration that does not run.
pub fn run(options: &Options, place: &Place) -> Result<Vec<Row>> {
    let length = Duration::try_from_secs_f64(options.seconds).context("--seconds")?;
    let settle = Duration::try_from_secs_f64(options.settle).context("--settle")?;
    let folder = std::env::temp_dir().join(format!("monitor-overhead-{}", std::process::id()));
    std::fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
    let _folder = Folder(folder.clone());
    let mut not_had = Vec::new();
    let mut configurations = Vec::new();
    for &configuration in &options.configurations {
        match configuration.obstacle(place) {
            Some(why) => not_had.push((configuration, why)),
            None => configurations.push(configuration),
        }
    }
    let mut cases = Vec::new();
    for &workload in &options.workloads {
        let mut case = Case {
            subject: workload.start(length)?,
            profile: None,
            row: Row {
                workload,
                not_had: not_had.clone(),
                cells: configurations.iter().map(|it| Cell::new(*it)).collect(),
            },
        };
        // Caches warm up, and what the profile is learned from is the workload.
        if configurations.iter().any(|it| it.has_profile()) {
            case.profile = Some(match &place.profile {
                Some(path) => path.clone(),
                None => {
                    let path = folder.join(workload.name());
                    let pids = case.subject.pids();
                    let subject = &mut case.subject;
                    let work = || subject.measure(length).map(drop);
                    let learned = place.learn(&pids, &path, work);
                    learned.with_context(|| format!("a profile of {}", workload.name()))?;
                    path
                }
            });
        } else {
            case.subject.measure(length)?;
        }
        cases.push(case);
    }
    for round in 0..options.rounds {
        for (at, case) in cases.iter_mut().enumerate() {
            let mut order: Vec<usize> = (0..configurations.len()).collect();
            let place_in_run = [u64::from(round), at as u64];
            shuffle(
                &mut order,
                &mut generator(options.seed, Use::Bench, place_in_run),
            );
            for which in order {
                eprint!(
                    "\r\x1b[Kround {} of {}: {}, {}",
                    round + 1,
                    options.rounds,
                    case.row.workload.name(),
                    configurations[which].name()
                );
                case.measure(which, place, length, settle)?;
            }
        }
    }
    eprintln!("\r\x1b[K");
    Ok(cases.into_iter().map(|case| case.row).collect())
}

impl Case {
    fn measure(
        &mut self,
        which: usize,
        place: &Place,
        length: Duration,
        settle: Duration,
    ) -> Result<()> {
        let cell = &mut self.row.cells[which];
        let name = cell.configuration.name();
        let pids = self.subject.pids();
        let tool = cell
            .configuration
            .start(place, &pids, self.profile.as_deref())?;
        stop::check()?;
        let watched = Instant::now();
        while cell.configuration.settles() && watched.elapsed() < settle {
            self.subject.measure(length)?;
        }
        thread::sleep(REST);
        let tools = tool.pids();
        let (before, begun) = (Cpu::of(&tools), Instant::now());
        let measured = self.subject.measure(length);
        let measured =
            measured.with_context(|| format!("{} watched by {name}", self.row.workload.name()))?;
        let cores = Cpu::of(&tools).since(before) / begun.elapsed().as_secs_f64();
        tool.end().with_context(|| name.to_owned())?;
        cell.rounds.push(measured);
        cell.tool_cores.push(cores);
        Ok(())
    }
}

impl Cell {
    fn new(configuration: Configuration) -> Self {
        Self {
            configuration,
            rounds: Vec::new(),
            tool_cores: Vec::new(),
        }
    }
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
