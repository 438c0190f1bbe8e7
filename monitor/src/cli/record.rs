//! `monitor record`: the same targets, kept and not scored.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use monitor::judging::Single;
use monitor::pipeline::Parts;
use monitor::pipeline::recorder::Recorder;
use monitor::trace::error::shown;

use super::live::{self, Files, LiveArgs};
use super::outputs::recording_listeners;
use super::status::Exit;
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
            engine: Box::new(Single::new(None, None)),
            tap: Some(Box::new(recorder(&args.output, &targets)?)),
            listeners: recording_listeners(live_line),
            reporting: monitor::pipeline::Reporting::default(),
            queue: live::QUEUE,
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

/// Begins a recording at `path`; `targets` says what is watched, in words.
///
/// # Errors
/// When the file cannot be written.
pub fn recorder(path: &Path, targets: &str) -> Result<Recorder> {
    Recorder::create(path, targets).with_context(|| format!("cannot write to {}", shown(path)))
}
