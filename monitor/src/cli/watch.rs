//! `monitor` itself: watch, score, tell.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use clap::Args;
use monitor::judging::Single;
use monitor::judging::single::Learned;
use monitor::learn::Learner;
use monitor::pipeline::recorder::Recorder;
use monitor::pipeline::{Parts, Pipeline, Tap};
use monitor::profile::Profile;
use monitor::report::hub::Policy;
use monitor::run::memory::spare_bytes;
use monitor::trace::error::shown;

use super::judge::{AlarmArgs, JudgeArgs, ProfileArgs};
use super::learn;
use super::live::{self, Ended, Files, Hooks, LiveArgs};
use super::metrics::{Exporter, MetricsArgs};
use super::offer::{offer, profiles_folder};
use super::output::OutputToArgs;
use super::outputs::{Kind, OutputArgs};
use super::record;
use super::status::{Exit, Usage};
use super::target::{Target, TargetArgs};
use super::who::WhoArgs;
use super::{TerminalArgs, complain, quantity};

/// Options of the live run.
#[derive(Args, Clone, Debug)]
pub struct WatchArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    live: LiveArgs,
    #[command(flatten)]
    judge: JudgeArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    /// Learn on while watching: slowly, and only from what is confidently normal; the profile is
    /// saved again
    #[arg(long)]
    adapt: bool,
    /// Learn what this run sees, and save it as a new profile at the end
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    save_profile: Option<PathBuf>,
    /// Learn nothing in a run without a profile
    #[arg(long, conflicts_with_all = ["profile", "save_profile"])]
    no_learn: bool,
    /// What the monitor may use of one core; the LSTM sees fewer calls to keep to it. `none` for no
    /// limit
    #[arg(long, value_name = "SHARE", default_value = "25%")]
    cpu: CpuShare,
    #[command(flatten)]
    alarms: AlarmArgs,
    #[command(flatten)]
    who: WhoArgs,
    #[command(flatten)]
    outputs: OutputArgs,
    #[command(flatten)]
    output_to: OutputToArgs,
    #[command(flatten)]
    metrics: MetricsArgs,
    /// Also write a recording of exactly what is scored
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// A share of one core, or no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CpuShare(Option<f64>);

impl std::str::FromStr for CpuShare {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "give a percentage of one core above 0, as in 10% or 10, or none";
        if text == "none" {
            return Ok(Self(None));
        }
        match quantity::share(text) {
            Some(share) if share > 0.0 => Ok(Self(Some(share))),
            _ => Err(WRONG),
        }
    }
}

/// Said at the beginning of a run that nothing was learned for.
const LEARNING: &str = "no profile: learning while it watches, to be kept by --save-profile FILE \
                        or when it ends; until then only privileged calls that are new are \
                        reported (--judge-by-model reports what the general model finds unusual, \
                        too)";

/// The same where the general model judges.
const BY_MODEL: &str = "no profile: judging by the general model (--judge-by-model), which has not \
                        learned what this service does, so expect incidents about habits of its \
                        own; learning while it watches, to be kept by --save-profile FILE or when \
                        it ends";

/// Watches until the run ends.
pub fn run(args: WatchArgs, terminal: TerminalArgs) -> Result<Exit> {
    args.profile.check()?;
    if args.adapt && args.profile.path().is_none() {
        let needs = "--adapt needs --profile FILE: there is no profile that could learn on";
        return Err(Usage(needs.into()).into());
    }
    let follow = args.target.follows();
    let target = args.target.clone().target()?;
    let targets = target.to_string();
    let service = target.implied_service();
    let alarm_exit = args.alarms.exit_code;
    // A command writes to the terminal itself.
    let live_line = !matches!(target, Target::Command(..));
    if let Some(path) = args.save_profile.as_ref().filter(|path| path.exists()) {
        let at = shown(path);
        let told = format!("{at} is there already: give --save-profile another name");
        return Err(Usage(told).into());
    }
    if let Some(path) = &args.save_profile {
        learn::check_place("--save-profile", path)?;
    }
    // A command has the terminal to itself, so that nobody can be asked.
    let learns = args.profile.path().is_none() && !args.no_learn;
    let learns = learns && (live_line || args.save_profile.is_some());
    let learned = Learned::default();
    // Bound while there are privileges, served once there are none.
    let exporter = Mutex::new(None::<Exporter>);
    let served = Mutex::new(None);
    let parts = || {
        let max_threads = usize::try_from(args.live.max_threads)?;
        let profile = args.profile.clone().adapting(args.adapt);
        let (detector, identity) =
            args.judge
                .detector_by(&profile, args.alarms, Some(max_threads), &service)?;
        if live_line && learns {
            complain(if args.judge.judges_by_model() {
                BY_MODEL
            } else {
                LEARNING
            });
        }
        let kind = Kind {
            live_line,
            thread_ends: false,
            alarm_log: true,
            policy: Policy::DropOldest,
            command: !live_line,
        };
        let mut listeners = args.outputs.listeners(&identity, kind, terminal.color())?;
        listeners.extend(args.output_to.listeners(&identity)?);
        *hold(&exporter) = Some(args.metrics.bind(&identity)?);
        let record = |path: &PathBuf| record::recorder(path, &targets);
        let recorder = args.record.as_ref().map(record).transpose()?;
        let learner = learns.then(|| Learner::alone(Profile::default(), spare_bytes()));
        let mut engine = Single::new(Some(detector), learner).leaving(learned.clone());
        if let Some(path) = args.profile.path() {
            engine = engine.following(path, args.adapt);
        }
        Ok(Parts {
            engine: Box::new(engine),
            tap: recorder.map(|it: Recorder| Box::new(it) as Box<dyn Tap>),
            listeners,
            reporting: args
                .who
                .reporting(args.alarms.again_after(), args.outputs.suppressions())?,
            queue: live::QUEUE,
            tick: live::TICK,
            cpu: args.cpu.0,
        })
    };
    let suggested = target.service();
    let keeps = learns && args.save_profile.is_none();
    // Without such a folder, the current one.
    let place = keeps.then(profiles_folder).and_then(Result::ok);
    let files = files(&args, place.as_deref());
    let started = |pipeline: &Pipeline| {
        if let Some(exporter) = hold(&exporter).take() {
            *hold(&served) = exporter.start(pipeline.hub())?.1;
        }
        Ok(())
    };
    let hooks = Hooks {
        started: Some(Box::new(started)),
        ..Hooks::default()
    };
    let ended = live::run_with(target, follow, &args.live, &files, hooks, parts)?;
    let Some(learner) = learned.take() else {
        return Ok(exit(&ended, alarm_exit));
    };
    match &args.save_profile {
        Some(path) => {
            let recording = args.record.as_deref();
            learn::save(path, learner, &targets, recording, &args.judge.model)?;
        }
        // Whoever ended the run by a signal may not be there to answer.
        None if ended.told_to_end => {}
        None => {
            let place = place.unwrap_or_default();
            offer(learner, &targets, suggested, &place, &args.judge.model)?;
        }
    }
    Ok(exit(&ended, alarm_exit))
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the run opens after its start; `profiles` is where a profile is offered to be kept.
fn files(args: &WatchArgs, profiles: Option<&Path>) -> Files {
    let mut files = Files::default();
    files.written.extend(args.outputs.default_log());
    files.read.extend(args.outputs.notes_folder());
    files.written.extend(args.save_profile.clone());
    files
        .written
        .extend(args.metrics.files().map(Path::to_owned));
    files
        .written
        .extend(args.output_to.files().map(Path::to_owned));
    files.uses_network = args.output_to.uses_network();
    files
        .written
        .extend(profiles.map(|folder| folder.join("new.profile")));
    if let Some(path) = args.profile.path() {
        // What is accepted replaces the file, so the folder is looked at.
        if args.adapt {
            files.written.push(path.to_owned());
        } else {
            files.read.extend(path.parent().map(Path::to_owned));
        }
    }
    if args.save_profile.is_some() {
        files.read.extend(args.record.clone());
    }
    files
        .read
        .extend(args.judge.model.folder().map(Path::to_owned));
    files
}

/// After a command its own status, unless a status was asked for and there was an alarm.
fn exit(ended: &Ended, asked: Option<u8>) -> Exit {
    let counters = &ended.outcome.snapshot.counters;
    match (ended.command, asked) {
        (Some(_), Some(alarm)) if counters.alarms > 0 => Exit::Alarm(alarm),
        (Some(status), _) => Exit::Command(status),
        (None, asked) => Exit::of(&ended.outcome, asked.unwrap_or(Exit::ALARM)),
    }
}

#[cfg(test)]
mod tests {
    use super::CpuShare;

    #[test]
    fn a_share_of_a_core_is_a_percentage_or_none() {
        assert_eq!("10%".parse(), Ok(CpuShare(Some(0.1))));
        assert_eq!("150%".parse(), Ok(CpuShare(Some(1.5))));
        assert_eq!("none".parse(), Ok(CpuShare(None)));
        assert_eq!("10".parse(), Ok(CpuShare(Some(0.1))));
        for wrong in ["0%", "-5%", "nan%", "inf%", "%", "", "all"] {
            assert!(wrong.parse::<CpuShare>().is_err(), "{wrong}");
        }
    }
}
