//! `monitor learn`: a service's normal, from recordings or from the live service.

mod material;

pub mod summary;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use monitor::learn::{Census, Progress, finish};
use monitor::model::Model;
use monitor::pipeline::Parts;
use monitor::pipeline::unjudged::Unjudged;
use monitor::profile::budget::Budget;
use monitor::profile::file::lock::Lock;
use monitor::profile::provenance::Origin;
use monitor::profile::{Profile, file};
use monitor::report::text::grouped;
use monitor::run::memory::spare_bytes;
use monitor::trace::error::shown;
use sha2::{Digest, Sha256};

use super::judge::ModelArgs;
use super::live::{self, Files, LiveArgs};
use super::outputs::recording_listeners;
use super::status::{Exit, Usage};
use super::tap::Recorder;
use super::target::{Target, TargetArgs};
use super::{Format, complain, stderr_is_terminal};
use material::Material;

/// Options of `monitor learn`.
#[derive(Args, Clone, Debug)]
pub struct LearnArgs {
    /// Recordings of `monitor record` to learn from, in the place of a live target
    #[arg(value_name = "RECORDING")]
    recordings: Vec<PathBuf>,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    live: LiveArgs,
    /// The profile to write
    #[arg(long, value_name = "FILE")]
    profile: PathBuf,
    /// Add to the profile that is there
    #[arg(long)]
    update: bool,
    /// Write the profile in the place of one that is there
    #[arg(long, conflicts_with = "update")]
    force: bool,
    /// The false alarms to show thresholds for, as in 1/day, 10/week or 0.1/million (calls)
    #[arg(long, value_name = "N/SPAN", default_value_t)]
    budget: Budget,
    #[command(flatten)]
    model: ModelArgs,
    /// How the summary is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// Learns, and says what came of it.
pub fn run(args: LearnArgs) -> Result<Exit> {
    check_place("--profile", &args.profile)?;
    // Held to the end: what is added is added to what is read now.
    let _lock = match args.profile.exists() {
        true => Some(Lock::of(&args.profile, Duration::from_secs(1))?),
        false => None,
    };
    let mut profile = existing(&args)?;
    let model = args.model.load()?;
    let target = match (&args.recordings[..], args.target.clone().target()) {
        ([], target) => Some(target?),
        (_, Err(_)) if args.target.is_empty() => None,
        _ => {
            let both =
                "recordings and a live target exclude each other: give the ones or the other";
            return Err(Usage(both.into()).into());
        }
    };
    let learned = match target {
        None => {
            let open = |path: &PathBuf| Material::open(path, &args.profile);
            learn(&mut profile, args.recordings.iter().map(open), &model)?
        }
        Some(target) => {
            let spool = spool(&args.profile)?;
            let name = target.to_string();
            record(target, &args, spool.try_clone()?)?;
            let recorded = Material::of_file(spool, name);
            learn(&mut profile, [recorded].into_iter(), &model)?
        }
    };
    let Some(census) = learned else {
        complain("all of these recordings were learned before: the profile stays as it is");
        return Ok(Exit::Quiet);
    };
    let (profile, lives) = census.into_parts();
    if profile.provenance.calls() == 0 {
        bail!("there was no call to learn from: the profile was not written");
    }
    let bar = progress("validating");
    let profile = finish(model, profile, &lives, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    let sha256 = file::write(&args.profile, &profile)?;
    summary::Summary::new(&profile, &args.budget, &args.profile, sha256).print(args.format)?;
    Ok(Exit::Quiet)
}

/// Whether a profile can be written to `path`: told before anything is learned, not when all is lost.
///
/// # Errors
/// When its folder is not there or cannot be written to.
pub fn check_place(option: &str, path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let at = shown(folder);
    if !folder.is_dir() {
        let told = format!("{option}: there is no folder {at}: make it, or name another");
        return Err(Usage(told).into());
    }
    nix::unistd::access(folder, nix::unistd::AccessFlags::W_OK)
        .map_err(io::Error::from)
        .with_context(|| format!("{option}: cannot write to {at}"))
}

/// Writes what a live run learned as a new profile to `path`, and says so on standard error. `name` says what was watched,
/// `recording` is what was kept of the same run.
///
/// # Errors
/// When there is nothing to learn, or the profile cannot be written.
pub fn save(
    path: &Path,
    mut census: Census,
    name: &str,
    recording: Option<&Path>,
    model: &ModelArgs,
) -> Result<()> {
    let model = model.load()?;
    let progress = census.end_source();
    say_not_validated(&progress);
    if progress.calls == 0 {
        bail!("there was no call to learn from: the profile was not written");
    }
    let sha256 = match recording {
        Some(recording) => {
            let failed = || format!("cannot read {}", shown(recording));
            material::digest(&mut File::open(recording).with_context(failed)?)
                .with_context(failed)?
        }
        // No file to learn again from: told from every other by when it was, and how much.
        None => {
            let run = format!("{name}\n{}\n{progress:?}", unix_s());
            file::hexadecimal(&Sha256::digest(run))
        }
    };
    census.note(vec![origin(
        name.to_owned(),
        sha256,
        String::new(),
        &progress,
        &model,
    )]);
    let (profile, lives) = census.into_parts();
    let profile = finish(model, profile, &lives, &mut |_, _| {})?;
    file::write(path, &profile)?;
    complain(&format!(
        "learned {} calls of {} threads into {} (see monitor profile show)",
        grouped(profile.provenance.calls()),
        grouped(profile.provenance.lives()),
        shown(path)
    ));
    Ok(())
}

/// Says that memory ended before the calls did.
fn say_not_validated(progress: &Progress) {
    if progress.not_kept > 0 {
        complain(&format!(
            "{} of {} calls were learned but not held out to validate by, as the memory for that was used up: \
             thresholds rest on the others",
            grouped(progress.not_kept),
            grouped(progress.calls)
        ));
    }
}

/// What was learned from.
fn origin(
    name: String,
    sha256: String,
    about: String,
    progress: &Progress,
    model: &Model,
) -> Origin {
    let manifest = model.manifest();
    Origin {
        name,
        sha256,
        about,
        calls: progress.calls,
        lives: progress.lives,
        lost: progress.lost,
        seconds: progress.seconds,
        learned_unix_s: unix_s(),
        kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")
            .map(|release| release.trim().to_owned())
            .unwrap_or_default(),
        tool: env!("CARGO_PKG_VERSION").into(),
        model: (manifest.name.clone(), manifest.model_sha256.clone()),
    }
}

/// What the profile is to begin with.
fn existing(args: &LearnArgs) -> Result<Profile> {
    let there = args.profile.try_exists();
    let there = there.with_context(|| format!("cannot look for {}", shown(&args.profile)))?;
    match there {
        true if args.update => Ok(file::read(&args.profile)?.0),
        true if !args.force => Err(Usage(format!(
            "the profile {} is there already: add to it by --update, or replace it by --force",
            shown(&args.profile)
        ))
        .into()),
        _ => Ok(Profile::default()),
    }
}

/// Learns every recording that `profile` has not learned; `None` when there is none.
fn learn(
    profile: &mut Profile,
    recordings: impl Iterator<Item = Result<Material>>,
    model: &Model,
) -> Result<Option<Census>> {
    let mut origins = Vec::new();
    let mut census = Census::new(std::mem::take(profile)).within(spare_bytes());
    let bar = progress("learning");
    for recording in recordings {
        let Material {
            name,
            sha256,
            mut source,
        } = recording?;
        let seen = census.profile().provenance.has(&sha256);
        if seen || origins.iter().any(|it: &Origin| it.sha256 == sha256) {
            complain(&format!("{name} was learned before and is left out"));
            continue;
        }
        let about = source.about().unwrap_or_default().to_owned();
        for event in &mut source {
            census.push(&event?);
            bar.inc(1);
            if bar.position().is_multiple_of(1 << 14) {
                let now = census.progress();
                let novelty = now.novelty.unwrap_or(0.0);
                bar.set_message(format!(
                    "{} calls, {} threads, {novelty:.2} new sequences per thousand calls",
                    grouped(now.calls),
                    grouped(now.lives)
                ));
            }
        }
        for remark in source.summary().remarks() {
            complain(&format!("{name}: {remark}"));
        }
        let progress = census.end_source();
        say_not_validated(&progress);
        origins.push(origin(name, sha256, about, &progress, model));
    }
    bar.finish_and_clear();
    if origins.is_empty() {
        return Ok(None);
    }
    census.note(origins);
    Ok(Some(census))
}

fn record(target: Target, args: &LearnArgs, spool: File) -> Result<()> {
    let targets = target.to_string();
    let live_line = !matches!(target, Target::Command(..));
    let parts = || {
        Ok(Parts {
            engine: Box::new(Unjudged::default()),
            tap: Some(Box::new(Recorder::begin(
                spool,
                "what is learned".into(),
                &targets,
            )?)),
            listeners: recording_listeners(live_line),
            reporting: monitor::pipeline::Reporting::default(),
            queued_batches: live::QUEUE,
            tick: live::TICK,
            cpu: None,
        })
    };
    let files = Files {
        // The profile and the spool are beside each other.
        written: vec![args.profile.clone()],
        ..Files::default()
    };
    let ended = live::run(target, args.target.follows(), &args.live, &files, parts)?;
    // What was seen is incomplete, and nothing is to be learned from it.
    if let Some(failed) = ended.outcome.outputs.iter().find(|it| it.has_failed()) {
        let why = failed.error.as_deref().unwrap_or_default();
        bail!("{} is incomplete: {why}", failed.name);
    }
    Ok(())
}

/// A file without a name in the folder of a profile, for what is recorded to be learned: it is gone with the process.
fn spool(profile: &Path) -> Result<File> {
    let Some(_) = profile.file_name() else {
        let at = shown(profile);
        return Err(Usage(format!("--profile: {at} is no name of a file")).into());
    };
    material::without_name(profile)
}

fn progress(what: &'static str) -> ProgressBar {
    if !stderr_is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(0).with_prefix(what);
    match ProgressStyle::with_template("{prefix} {human_pos} {msg} {elapsed}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn unix_s() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    since.as_secs()
}
