//! `monitor learn`: a service's normal, from recordings or from the live service.

mod material;

mod progress;

pub mod summary;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use monitor::judging::Single;
use monitor::judging::single::Learned;
use monitor::learn::{self, Learner, Made};
use monitor::pipeline::Parts;
use monitor::profile::budget::Budget;
use monitor::profile::file::lock::Lock;
use monitor::profile::{Profile, file};
use monitor::report::text::grouped;
use monitor::run::memory::spare_bytes;
use monitor::trace::error::shown;

use super::judge::ModelArgs;
use super::live::{self, Files, LiveArgs};
use super::outputs::recording_listeners;
use super::status::{Exit, Usage};
use super::target::{Target, TargetArgs};
use super::{Format, complain};
use material::Material;
use progress::Progress;

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
    let learner = Learner::alone(existing(&args)?, spare_bytes());
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
    let made = Made::now(&model);
    let learner = match target {
        None => of_recordings(learner, &args, &made)?,
        Some(target) => watched(learner, target, &args, &made)?,
    };
    if !learner.has_ended_any() {
        complain("all of these recordings were learned before: the profile stays as it is");
        return Ok(Exit::Quiet);
    }
    if learner.calls() == 0 {
        bail!("there was no call to learn from: the profile was not written");
    }
    let progress = Progress::new("validating");
    let profile = learner.finish(model, &mut |done, all| progress.set(done, all))?;
    drop(progress);
    let sha256 = file::write(&args.profile, &profile)?;
    summary::Summary::new(&profile, &args.budget, &args.profile, sha256).print(args.format)?;
    Ok(Exit::Quiet)
}

/// Whether a profile can be written to `path`: told before anything is learned, not when all is
/// lost.
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

/// Writes what a live run learned as a new profile to `path`, and says so on standard error. `name`
/// says what was watched, `recording` is what was kept of the same run.
///
/// # Errors
/// When there is nothing to learn, or the profile cannot be written.
pub fn save(
    path: &Path,
    mut learner: Learner,
    name: &str,
    recording: Option<&Path>,
    model: &ModelArgs,
) -> Result<()> {
    let model = model.load()?;
    let sha256 = recording.map(|recording| {
        let failed = || format!("cannot read {}", shown(recording));
        let mut file = File::open(recording).with_context(failed)?;
        material::digest(&mut file).with_context(failed)
    });
    let sha256 = sha256.transpose()?;
    let progress = learner.end_source(name, sha256, String::new(), &Made::now(&model));
    say_not_validated(&progress);
    if progress.calls == 0 {
        bail!("there was no call to learn from: the profile was not written");
    }
    let profile = learner.finish(model, &mut |_, _| {})?;
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
fn say_not_validated(progress: &learn::Progress) {
    if let Some(said) = not_validated(progress) {
        complain(&said);
    }
}

fn not_validated(progress: &learn::Progress) -> Option<String> {
    (progress.not_kept > 0).then(|| {
        format!(
            "{} of {} calls were learned but not held out to validate by, as the memory for that \
             was used up: thresholds rest on the others",
            grouped(progress.not_kept),
            grouped(progress.calls)
        )
    })
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

/// Learns every recording that was not learned before.
fn of_recordings(mut learner: Learner, args: &LearnArgs, made: &Made) -> Result<Learner> {
    let progress = Progress::new("learning");
    for path in &args.recordings {
        let Material {
            name,
            sha256,
            mut source,
        } = Material::open(path, &args.profile)?;
        if learner.has_learned(&sha256) {
            complain(&format!("{name} was learned before and is left out"));
            continue;
        }
        let about = source.about().unwrap_or_default().to_owned();
        for event in &mut source {
            learner.push(&event?);
            if progress.add_one().is_multiple_of(1 << 14) {
                let now = learner.progress();
                let novelty = now.novelty.unwrap_or(0.0);
                progress.say(format!(
                    "{} calls, {} threads, {novelty:.2} new sequences per thousand calls",
                    grouped(now.calls),
                    grouped(now.lives)
                ));
            }
        }
        for remark in source.summary().remarks() {
            complain(&format!("{name}: {remark}"));
        }
        say_not_validated(&learner.end_source(&name, Some(sha256), about, made));
    }
    Ok(learner)
}

/// Learns what a live target does until the run ends.
fn watched(learner: Learner, target: Target, args: &LearnArgs, made: &Made) -> Result<Learner> {
    let name = target.to_string();
    let live_line = !matches!(target, Target::Command(..));
    let learned = Learned::default();
    let parts = || {
        let engine = Single::new(None, Some(learner)).leaving(learned.clone());
        Ok(Parts {
            engine: Box::new(engine),
            tap: None,
            listeners: recording_listeners(live_line),
            reporting: monitor::pipeline::Reporting::default(),
            queue: live::QUEUE,
            tick: live::TICK,
            cpu: None,
        })
    };
    let files = Files {
        written: vec![args.profile.clone()],
        ..Files::default()
    };
    live::run(target, args.target.follows(), &args.live, &files, parts)?;
    let mut learner = learned.take().context("nothing was learned")?;
    say_not_validated(&learner.end_source(&name, None, String::new(), made));
    Ok(learner)
}

#[cfg(test)]
mod tests {
    use monitor::learn::Progress;

    use super::not_validated;

    #[test]
    fn calls_that_were_not_held_out_are_told_with_why() {
        let of = |not_kept| {
            not_validated(&Progress {
                calls: 20_000,
                not_kept,
                ..Progress::default()
            })
        };
        assert_eq!(of(0), None);
        let said = of(1_500).expect("told");
        assert!(
            said.starts_with("1,500 of 20,000 calls were learned but not held out"),
            "{said}"
        );
    }
}
