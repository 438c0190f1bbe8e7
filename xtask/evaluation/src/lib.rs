//! `cargo xtask evaluate`: how well does a model tell attacks from normal traces, beside its
//! baselines? And `cargo xtask calibrate`: is a budget of false alarms kept to?

mod baselines;
pub mod bootstrap;
pub mod calibration;
mod charts;
mod exhibit;
mod facts;
mod html;
pub mod json;
pub mod lstm;
pub mod measure;
mod mixture;
pub mod parts;
mod per_call;
mod protocol;
pub mod random;
pub mod roc;
pub mod scores;
pub mod stide;

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use json::{Evaluation, MadeBy, OTHER_CORPUS};
use lstm::Lstm;
use measure::Bootstrap;
use parts::Parts;
use protocol::Plan;
use support::files::write_whole;
use support::revision::git_revision;
use trainer::corpus::Corpus;
use trainer::runtime;

/// The command of this crate.
#[derive(clap::Subcommand)]
pub enum Command {
    /// Score ADFA-LD with a model and its baselines, and report on it.
    Evaluate(Options),
    /// Ask recordings of benign services whether a budget is kept to, and fit what they have in
    /// common.
    Calibrate(calibration::Options),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// What the command cannot do without.
    pub fn run(self) -> Result<ExitCode> {
        match self {
            Self::Evaluate(options) => command(&options)?,
            Self::Calibrate(options) => calibration::command(&options)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Options of `cargo xtask evaluate`.
#[derive(Args, Debug)]
pub struct Options {
    /// The model folder to evaluate; further ones are compared with it.
    #[arg(long = "model", value_name = "FOLDER", required = true)]
    models: Vec<PathBuf>,
    /// Folders of the first model's recipe trained with other seeds: they give the spread and the
    /// ensemble.
    #[arg(long, value_name = "FOLDER", num_args = 1..)]
    seeds: Vec<PathBuf>,
    /// ADFA-LD's folder or zip.
    #[arg(long, value_name = "PATH", env = "MONITOR_ADFA_LD")]
    data: PathBuf,
    /// Score models that were fitted to another corpus than this one. Whether they saw some of it
    /// is not known, and mixtures are left out; the report says so.
    #[arg(long, conflicts_with = "record")]
    other_corpus: bool,
    /// The folder for evaluation.json and report.html [default: runs/evaluate/NAME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write evaluation.json into the first model's folder too.
    #[arg(long)]
    record: bool,
    /// Bootstrap draws.
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(100..=100_000))]
    draws: u32,
    /// Seed of the bootstrap.
    #[arg(long, default_value_t = 1)]
    bootstrap_seed: u64,
    /// Threads; the result does not depend on them [default: all cores].
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    /// libonnxruntime [default: the set-up's].
    #[arg(long, value_name = "FILE")]
    onnxruntime: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
///
/// Data or models that cannot be read or do not belong together, results that cannot be written.
pub fn command(options: &Options) -> Result<()> {
    let runtime = runtime::load(options.onnxruntime.as_deref())?;
    let (first, others) = options.models.split_first().context("--model is needed")?;
    let folders = || std::iter::once(first).chain(&options.seeds).chain(others);
    let models: Vec<Lstm> = folders()
        .map(|folder| Lstm::open(&runtime, folder))
        .collect::<Result<_>>()?;
    let corpus = Corpus::read(&options.data)?;
    for (why, count) in &corpus.skipped {
        eprintln!("left out {count}: {why}");
    }
    for note in &corpus.notes {
        eprintln!("{note}");
    }
    let parts = Parts::new(corpus)?;
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    let draws = options.draws as usize;
    let plan = Plan {
        parts: &parts,
        models: &models,
        seeds: 1 + options.seeds.len(),
        other_corpus: options.other_corpus,
        bootstrap: Bootstrap {
            replicates: draws,
            seed: options.bootstrap_seed,
        },
        threads: options.threads.map_or_else(cores, NonZero::get),
        made_by: MadeBy {
            command: command_line(options),
            git_revision: git_revision(),
            bootstrap_seed: options.bootstrap_seed,
            replicates: draws,
        },
    };
    let (evaluation, material) = protocol::run(&plan)?;
    let out = options
        .out
        .clone()
        .unwrap_or_else(|| Path::new("runs/evaluate").join(&models[0].manifest().name));
    fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
    let mut text = serde_json::to_vec_pretty(&evaluation)?;
    text.push(b'\n');
    write_whole(&out.join("evaluation.json"), &text)?;
    write_whole(
        &out.join("report.html"),
        html::page(&evaluation, &material)?.as_bytes(),
    )?;
    if options.record {
        write_whole(&first.join("evaluation.json"), &text)?;
    }
    println!("{}", summary(&evaluation));
    println!(
        "{} and report.html beside it",
        out.join("evaluation.json").display()
    );
    Ok(())
}

/// The command as it is written down: where the data lies on this machine is nobody's business.
fn command_line(options: &Options) -> String {
    let shown = |path: &Path| {
        if path.is_relative() {
            return path.display().to_string();
        }
        path.file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
    };
    let mut line = "cargo xtask evaluate".to_owned();
    for (i, model) in options.models.iter().enumerate() {
        line += &format!(" --model {}", shown(model));
        if i == 0 && !options.seeds.is_empty() {
            let seeds: Vec<_> = options.seeds.iter().map(|seed| shown(seed)).collect();
            line += &format!(" --seeds {}", seeds.join(" "));
        }
    }
    line += " --data ADFA-LD";
    if options.record {
        line += " --record";
    }
    if options.other_corpus {
        line += " --other-corpus";
    }
    line + &format!(
        " --draws {} --bootstrap-seed {}",
        options.draws, options.bootstrap_seed
    )
}

/// The figures that one looks for first.
fn summary(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    if evaluation.data.other_corpus {
        text += &format!("{OTHER_CORPUS}\n");
    }
    text += &format!(
        "{:<36} {:>6}  {:<15} {:>6} {:>6} {:>8}\n",
        "", "AUC", "95% by run", "5% FA", "10% FA", "FAR@90%"
    );
    for method in &evaluation.methods {
        let view = &method.views[0];
        let interval = view.auc_intervals.by_run;
        let rate = |at: f64| {
            let point = view.detection.iter().find(|p| p.false_alarms == at);
            point.map_or(f64::NAN, |p| 100.0 * p.rate)
        };
        text += &format!(
            "{:<36} {:>6.4}  {:.3} to {:.3}  {:>5.1}% {:>5.1}% {:>7.1}%\n",
            method.label,
            view.auc,
            interval.low,
            interval.high,
            rate(0.05),
            rate(0.10),
            100.0 * view.false_alarms_at_90
        );
    }
    for next in &evaluation.next_call {
        let accuracy = next
            .accuracy
            .map_or(String::new(), |a| format!(", accuracy {a:.4}"));
        text += &format!(
            "next call, {}: {:.4} nats{accuracy}\n",
            next.method, next.nats
        );
    }
    if let Some(n) = &evaluation.notebook {
        text += &format!(
            "first {} windows of validation: loss {:.4}, accuracy {:.4} (the notebook: {}, {})\n",
            n.windows, n.loss, n.accuracy, n.published_loss, n.published_accuracy
        );
    }
    text
}
