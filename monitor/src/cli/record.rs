//! `monitor record`: the same targets, kept and not scored.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use monitor::pipeline::Parts;
use monitor::pipeline::unjudged::Unjudged;

use super::live::{self, Files, LiveArgs};
use super::outputs::recording_listeners;
use super::status::Exit;
use super::tap::Recorder;
use super::target::{Target, TargetArgs};

/// Options of `monitor record`.
#[derive(Args, Clone, Debug)]
pub struct RecordArgs {
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    live: LiveArgs,
    /// Write the recording to this file, in the place of what stands there
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// Records until the run ends.
pub fn run(args: RecordArgs) -> Result<Exit> {
    let follow = args.target.follows();
    let target = args.target.clone().target()?;
    let targets = target.to_string();
    let live_line = !matches!(target, Target::Command(..));
    let parts = || {
        Ok(Parts {
            engine: Box::new(Unjudged::default()),
            tap: Some(Box::new(Recorder::create(&args.output, &targets)?)),
            listeners: recording_listeners(live_line),
            reporting: monitor::pipeline::Reporting::default(),
            queued_batches: live::QUEUE,
            tick: live::TICK,
            cpu: None,
        })
    };
    let files = Files::default();
    let ended = live::run(target, follow, &args.live, &files, parts)?;
    Ok(ended
        .command
        .map_or_else(|| Exit::of(&ended.outcome, Exit::ALARM), Exit::Command))
}
