//! The command itself: options in, a folder with checkpoints, history and plots out.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use monitor::model::LARGEST_GRAPH;

use super::checkpoint::{self, Checkpoint, Header, Source};
use super::preset::{Architecture, Preset};
use super::progress::{BEST, Follower, LAST};
use super::recipe::{Recipe, Sampling};
use super::run::{Progress, evaluated, held_out_tally, run};
use super::samples::Samples;
use support::revision::git_revision;

use crate::corpus::Corpus;
use crate::corpus::normal::NormalTraces;
use crate::export::import;

/// Options of `cargo xtask train`.
#[derive(Args, Debug)]
pub struct Options {
    /// The recipe: a stateful language model, or the notebook's windows.
    #[arg(long, value_enum, default_value_t)]
    preset: Preset,
    /// ADFA-LD's folder or zip, or a folder of recordings of normal runs.
    #[arg(long, value_name = "PATH", env = "MONITOR_ADFA_LD")]
    data: PathBuf,
    /// The folder that checkpoints, history and plots are written to.
    #[arg(long, value_name = "RUNDIR")]
    out: PathBuf,
    /// Seed of all that is drawn: first weights, split, order, dropout.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Epochs at most [default: 22 for lm, 50 for notebook; a third of that with --from].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: Option<u32>,
    /// Threads; the result does not depend on them [default: all cores].
    #[arg(long)]
    threads: Option<NonZero<usize>>,
    /// notebook: use all windows, not the first 20,000 and some.
    #[arg(long)]
    all_windows: bool,
    /// notebook: repeat each sample 0 to 10 times at random.
    #[arg(long)]
    drop_in: bool,
    /// Go on with the run in RUNDIR, to the same result as if it had never stopped.
    #[arg(long, conflicts_with_all = ["from", "seed", "epochs", "preset", "all_windows", "drop_in"])]
    resume: bool,
    /// Go on from this checkpoint or model folder on new data (fine-tuning).
    #[arg(long, value_name = "MODEL")]
    from: Option<PathBuf>,
}

impl Options {
    fn recipe(&self) -> Result<Recipe> {
        let mut recipe = Recipe::of(self.preset, self.seed, self.epochs);
        match &mut recipe.sampling {
            Sampling::Windows { all, drop_in, .. } => {
                *all = self.all_windows;
                *drop_in = if self.drop_in { 10 } else { 0 };
            }
            Sampling::Lanes { .. } => {
                ensure!(
                    !self.all_windows && !self.drop_in,
                    "--all-windows and --drop-in belong to --preset notebook"
                );
            }
        }
        Ok(recipe)
    }
}

/// Runs the command.
///
/// # Errors
/// Data that cannot be read, a run folder that cannot be written or holds another run.
pub fn command(options: &Options) -> Result<()> {
    let corpus = Corpus::read(&options.data)?;
    let Some((recipe, best)) = train(options, &corpus.name, &corpus.training)? else {
        return Ok(());
    };
    // Reported once, after all is chosen; nothing above has seen these traces.
    let validation = corpus.validation.iter().map(|trace| &trace.calls[..]);
    let tally = evaluated(&recipe, &best, validation, threads(options));
    if tally.calls > 0 {
        println!(
            "validation part: {:.4} nats, accuracy {:.4}, {} calls",
            tally.loss(),
            tally.accuracy(),
            tally.calls
        );
    }
    Ok(())
}

fn threads(options: &Options) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    options.threads.map_or_else(cores, NonZero::get)
}

/// Trains; gives the recipe and the best parameters unless the run was stopped.
fn train(
    options: &Options,
    corpus: &str,
    traces: &NormalTraces,
) -> Result<Option<(Recipe, Vec<f32>)>> {
    let threads = threads(options);
    let last = options.out.join(LAST);
    let (header, progress) = if options.resume {
        resumed(&last, traces)?
    } else {
        ensure!(
            !last.exists(),
            "{} holds a run already; give another --out, or --resume",
            options.out.display()
        );
        fresh(options, corpus, traces)?
    };
    fs::create_dir_all(&options.out).with_context(|| options.out.display().to_string())?;

    let recipe = header.recipe.clone();
    let samples = Samples::new(&recipe, traces);
    let (fitted, held_out) = samples.calls();
    ensure!(
        fitted > 0 && held_out > 0,
        "there are too few traces to fit to and to hold out; give more data"
    );
    println!(
        "{fitted} calls to fit to, {held_out} held out, {} parameters, {threads} threads",
        progress.parameters.len()
    );

    if header.source.from.is_some() && progress.history.is_empty() {
        let before = held_out_tally(&recipe, &samples, &progress.best, threads);
        println!(
            "before: held out {:.4} nats, accuracy {:.4}",
            before.loss(),
            before.accuracy()
        );
    }

    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&stop);
    ctrlc::set_handler(move || asked.store(true, Ordering::Relaxed))?;
    let layout = recipe.architecture.network().layout;
    let done = progress.history.len() as u64;
    let mut follower = Follower::new(
        options.out.clone(),
        header,
        layout,
        stop.clone(),
        fitted as u64,
        done,
    )?;
    let progress = run(&recipe, &samples, progress, threads, &mut follower)?;
    drop(follower);
    let Some(best) = progress.best() else {
        bail!("stopped before the first epoch was over: nothing was kept");
    };
    println!(
        "best epoch {}: held out {:.4} nats, accuracy {:.4}; {}",
        best.epoch,
        best.held_out_loss,
        best.held_out_accuracy,
        options.out.join(BEST).display()
    );
    if stop.load(Ordering::Relaxed) {
        println!("stopped; go on with --resume");
        return Ok(None);
    }
    Ok(Some((recipe, progress.best)))
}

fn fresh(options: &Options, corpus: &str, traces: &NormalTraces) -> Result<(Header, Progress)> {
    let mut recipe = options.recipe()?;
    let parameters = match &options.from {
        Some(from) => {
            let (architecture, parameters) = start_from(from)?;
            ensure!(
                std::mem::discriminant(&architecture)
                    == std::mem::discriminant(&recipe.architecture),
                "{} was trained with the other preset; give --preset",
                from.display()
            );
            recipe = recipe.fine_tuned(options.epochs);
            recipe.architecture = architecture;
            parameters
        }
        None => recipe.architecture.initial(recipe.seed),
    };
    let progress = Progress::new(&recipe, parameters);
    let source = Source {
        name: corpus.to_owned(),
        sha256: traces.sha256().to_owned(),
        traces: traces.traces().len(),
        calls: traces.calls(),
        from: options.from.as_ref().map(|path| path.display().to_string()),
    };
    let header = Header {
        recipe,
        source,
        git_revision: git_revision(),
        optimizer_steps: 0,
        best_epoch: 0,
        history: Vec::new(),
    };
    Ok((header, progress))
}

/// The network and parameters of a model folder, its `model.onnx`, or a checkpoint.
fn start_from(from: &Path) -> Result<(Architecture, Vec<f32>)> {
    let shown = || from.display().to_string();
    let file = if from.is_dir() {
        from.join("model.onnx")
    } else {
        from.to_owned()
    };
    if file
        .extension()
        .is_some_and(|extension| extension == "onnx")
    {
        let size = fs::metadata(&file).with_context(shown)?.len();
        ensure!(
            size <= LARGEST_GRAPH,
            "{}: {size} bytes are more than a model has",
            file.display()
        );
        return import::parameters(&fs::read(&file).with_context(shown)?).with_context(shown);
    }
    let checkpoint = checkpoint::load(&file)?;
    Ok((
        checkpoint.header.recipe.architecture,
        checkpoint.progress.best,
    ))
}

fn resumed(last: &Path, traces: &NormalTraces) -> Result<(Header, Progress)> {
    let Checkpoint {
        header,
        progress,
        whole,
        ..
    } = checkpoint::load(last)?;
    ensure!(
        whole,
        "{} holds the best epoch only and cannot be resumed; use --from",
        last.display()
    );
    ensure!(
        header.source.sha256 == traces.sha256(),
        "the run was started on other data (SHA-256 {}, this has {}); give the same --data",
        header.source.sha256,
        traces.sha256()
    );
    Ok((header, progress))
}
