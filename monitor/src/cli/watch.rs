//! `monitor` itself: watch, score, tell.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use monitor::detect::detector::Adapting;
use monitor::pipeline::{Engine, Parts, Tap};

use super::judge::{AlarmArgs, JudgeArgs, ProfileArgs};
use super::keeper::Keeper;
use super::live::{self, LiveArgs};
use super::outputs::{Kind, OutputArgs};
use super::status::Exit;
use super::tap::Recorder;
use super::target::{Target, TargetArgs};
use super::{TerminalArgs, complain};

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
    /// Learn on while watching: slowly, and only from what is confidently normal; the profile is saved again
    #[arg(long, requires = "profile")]
    adapt: bool,
    #[command(flatten)]
    alarms: AlarmArgs,
    #[command(flatten)]
    outputs: OutputArgs,
    /// Also write a recording of exactly what is scored
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// Said at the beginning of a run that nothing was learned for.
const GENERAL: &str = "watching against the general model, which has not learned what this service does: \
                       expect alarms about habits of its own, or teach it by monitor learn";

/// Watches until the run ends.
pub fn run(args: WatchArgs, terminal: TerminalArgs) -> Result<Exit> {
    let follow = args.target.follows();
    let target = args.target.clone().target()?;
    let targets = target.to_string();
    // A command writes to the terminal itself.
    let live_line = !matches!(target, Target::Command(..));
    let parts = || {
        let max_threads = usize::try_from(args.live.max_threads)?;
        let (mut detector, mut identity) =
            args.judge
                .detector_by(&args.profile, args.alarms, Some(max_threads))?;
        if let Some(profile) = &mut identity.profile {
            profile.adapted = args.adapt;
        }
        if live_line && detector.profile().is_none() {
            // A command has the terminal to itself, but for alarms.
            complain(GENERAL);
        }
        let kind = Kind {
            live_line,
            thread_ends: false,
            alarm_log: true,
        };
        let sink = args.outputs.sink(&identity, kind, terminal.color())?;
        let record = |path: &PathBuf| Recorder::create(path, &targets);
        let tap = args.record.as_ref().map(record).transpose()?;
        let engine: Box<dyn Engine> = match args.profile.path().filter(|_| args.adapt) {
            None => Box::new(detector),
            Some(path) => {
                detector.adapt(Adapting::default());
                Box::new(Keeper::new(detector, path))
            }
        };
        Ok(Parts {
            engine,
            tap: tap.map(|tap| Box::new(tap) as Box<dyn Tap>),
            sink,
            queued_batches: live::QUEUE,
            tick: live::TICK,
        })
    };
    let ended = live::run(target, follow, &args.live, parts)?;
    Ok(match ended.command {
        Some(status) => Exit::Command(status),
        None => Exit::after(ended.outcome.snapshot.counters.alarms),
    })
}
