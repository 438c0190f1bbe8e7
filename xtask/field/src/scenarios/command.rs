//! The command: which services, how long, and where the report goes.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::attack::Attack;
use super::findings::findings;
use super::report::details::details;
use super::report::table::table;
use super::report::{FORMAT, Machine, Suite};
use super::service::{ALL, Make};
use super::study::{Extent, Study};
use super::variant::Variant;
use super::watcher::{BUDGET, Monitor};
use support::page::replace;
use support::place;
use support::revision::git_revision;
use support::stop;
use xtask::{build, privilege, setup};

/// Options of `cargo xtask scenarios`.
#[derive(Args, Debug)]
pub struct Options {
    /// Only these services [default: all].
    #[arg(long = "service", value_name = "NAME")]
    services: Vec<String>,
    /// A short form: a few seconds of each life and a few attacks.
    #[arg(long)]
    short: bool,
    /// Seconds under load of each recording for learning.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(4..=86_400))]
    learning: u64,
    /// Seconds under load of each benign life that is watched.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(4..=86_400))]
    watching: u64,
    /// Where the chance of the loads begins.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Another build of the monitor than the release build, which is made first.
    #[arg(long, value_name = "FILE")]
    monitor: Option<PathBuf>,
    /// libonnxruntime [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
    /// An option for the watching monitor, as `--monitor-option=--cpu=10%` (repeatable).
    #[arg(long = "monitor-option", value_name = "OPTION")]
    monitor_options: Vec<String>,
    /// The report as JSON [default: scenarios.json in the folder of the recordings].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The folder of the recordings, verdicts and profiles.
    /// [default: scenarios in cargo's target folder]
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// Leave out this benign life, as "ten minutes", or "one monitor": all attacks once more under
    /// one monitor (repeatable).
    #[arg(long = "without", value_name = "LIFE")]
    without: Vec<String>,
    /// The false alarms that the monitor is asked for, as on its own command line.
    #[arg(long, value_name = "N/SPAN", default_value = BUDGET)]
    budget: String,
    /// Only print the tables of this report again; of several, as runs by --service leave them, put
    /// together (repeatable).
    #[arg(long, value_name = "FILE")]
    from: Vec<PathBuf>,
    /// Write the tables into README.md and docs/scenarios.md, and the report as
    /// docs/scenarios.json.
    #[arg(long)]
    publish: bool,
    /// Leave the services' own folders where they are.
    #[arg(long)]
    keep: bool,
}

/// Runs the suite.
///
/// # Errors
/// It is not root, something is missing, or a service or the monitor fails.
pub fn command(options: &Options) -> Result<()> {
    let mut reports = options.from.iter().map(|report| {
        let text = std::fs::read(report).with_context(|| report.display().to_string())?;
        Suite::read(&text).with_context(|| report.display().to_string())
    });
    if let Some(first) = reports.next() {
        let mut suite = first?;
        for report in reports {
            suite.join(report?)?;
        }
        return show(&suite, options.publish);
    }
    ensure!(
        privilege::is_root(),
        "services are started and watched as root: sudo -E cargo xtask scenarios"
    );
    let services = chosen(&options.services)?;
    let monitor = match (&options.monitor, &options.onnxruntime) {
        (Some(program), Some(library)) => Monitor {
            program: program.clone(),
            onnxruntime: library.clone(),
            budget: options.budget.clone(),
            options: options.monitor_options.clone(),
        },
        (program, library) => {
            let tools = setup::setup()?;
            Monitor {
                program: program.clone().map_or_else(build::release, Ok)?,
                onnxruntime: library.clone().unwrap_or(tools.onnxruntime),
                budget: options.budget.clone(),
                options: options.monitor_options.clone(),
            }
        }
    };
    stop::listen()?;
    let extent = extent(options)?;
    let folder = options
        .work
        .clone()
        .unwrap_or_else(|| place::target().join("scenarios"));
    let host = support::machine::Machine::this();
    let mut suite = Suite {
        format: FORMAT,
        command: shown_command(),
        monitor: git_revision(),
        model: "unknown".to_owned(),
        machine: Machine {
            cpu: host.cpu,
            cpus: host.cpus,
        },
        kernel: host.kernel,
        date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        short: options.short,
        services: Vec::new(),
    };
    let output = options
        .output
        .clone()
        .unwrap_or_else(|| folder.join("scenarios.json"));
    for (name, make) in services {
        eprintln!("{name}");
        let study = Study::prepare(name, make, &monitor, &extent, &folder, options.keep)?;
        let studied = study.run().with_context(|| name.to_owned())?;
        suite.model = studied.model().unwrap_or(suite.model);
        suite.services.push(findings(studied)?);
        // After each service: hours of work are not lost to the last one.
        suite.write(&output)?;
    }
    eprintln!("The report is in {}", output.display());
    show(&suite, options.publish)
}

/// Prints the tables, and puts them where readers look for them.
fn show(suite: &Suite, publish: bool) -> Result<()> {
    println!("{}\n{}", table(suite), details(suite));
    if publish {
        const NAME: &str = "scenarios";
        let root = place::root();
        replace(&root.join("README.md"), NAME, &table(suite))?;
        replace(&root.join("docs/scenarios.md"), NAME, &details(suite))?;
        suite.write(&root.join("docs/scenarios.json"))?;
    }
    Ok(())
}

fn chosen(names: &[String]) -> Result<Vec<(&'static str, Make)>> {
    let all = || ALL.into_iter().map(|(name, _, make)| (name, make));
    if names.is_empty() {
        return Ok(all().collect());
    }
    names
        .iter()
        .map(|wanted| {
            let known = || all().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
            all()
                .find(|(name, _)| name == wanted)
                .with_context(|| format!("no service {wanted:?}; there are {}", known()))
        })
        .collect()
}

/// What `--without` calls the attacks under one monitor.
const ONE_MONITOR: &str = "one monitor";

fn extent(options: &Options) -> Result<Extent> {
    let mut variants = Variant::ALL.to_vec();
    for left_out in &options.without {
        let known = || {
            let names = Variant::ALL.map(Variant::name);
            format!("{}, {ONE_MONITOR}", names.join(", "))
        };
        ensure!(
            left_out == ONE_MONITOR || Variant::ALL.iter().any(|it| it.name() == left_out),
            "no benign life {left_out:?} to be left out; there are {}",
            known()
        );
        variants.retain(|variant| variant.name() != left_out);
    }
    let together = !options.without.iter().any(|it| it == ONE_MONITOR);
    if options.short {
        variants.retain(|variant| !variant.is_long());
        return Ok(Extent {
            learning: Duration::from_secs(8),
            watching: Duration::from_secs(4),
            variants,
            attacks: vec![
                Attack::ReverseShell,
                Attack::FilelessExec,
                Attack::Exfiltration,
                Attack::WritableCode,
                Attack::DropCron,
            ],
            together,
            seed: options.seed,
        });
    }
    Ok(Extent {
        learning: Duration::from_secs(options.learning),
        watching: Duration::from_secs(options.watching),
        variants,
        attacks: Attack::ALL.to_vec(),
        together,
        seed: options.seed,
    })
}

/// The command line, to be run again in the workspace's root.
fn shown_command() -> String {
    let words = std::env::args().skip(1);
    let mut text = String::from("cargo xtask");
    let mut hidden = false;
    for word in words {
        // What names a place of this machine says nothing to others.
        let place = ["--work", "--output", "--monitor", "--onnxruntime"];
        if std::mem::take(&mut hidden) || place.iter().any(|it| word.starts_with(&format!("{it}=")))
        {
            continue;
        }
        hidden = place.contains(&word.as_str());
        if !hidden {
            text.push(' ');
            text.push_str(&word);
        }
    }
    text
}
