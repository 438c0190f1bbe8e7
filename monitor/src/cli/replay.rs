//! `monitor replay`: the same path over what was recorded.

mod alarms;
mod source;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use monitor::incident::Incidents;
use monitor::incident::ids::SHORTEST;
use monitor::pipeline::{Parts, Pipeline, Queue, Reporting};
use monitor::report::hub::Policy;
use monitor::trace::input::Input;

use super::judge::{AlarmArgs, JudgeArgs, ProfileArgs};
use super::outputs::{Kind, OutputArgs, tell_failures};
use super::status::{Exit, Usage};
use super::syscalls::AbiName;
use super::{TerminalArgs, complain, quantity};

/// Options of `monitor replay`.
#[derive(Args, Clone, Debug)]
pub struct ReplayArgs {
    /// Recordings, ADFA-LD traces or folders, strace text, call names; or alarms that
    /// `monitor --format json` wrote, or one incident or alarm of the alarm log by its id, each of
    /// which is scored again. - is standard input.
    #[arg(required = true, value_name = "FILE or ID")]
    files: Vec<PathBuf>,
    /// The ABI of the program behind strace text and call names; without it, this host's
    #[arg(long, value_name = "ABI")]
    abi: Option<AbiName>,
    #[command(flatten)]
    judge: JudgeArgs,
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    alarms: AlarmArgs,
    /// Let the LSTM see only this share of the calls that ask for it, as a live run does that keeps
    /// to --cpu
    #[arg(long, value_name = "PERCENT", default_value = "100%", value_parser = percentage)]
    lstm_share: f64,
    #[command(flatten)]
    outputs: OutputArgs,
}

/// A share between nothing and all.
fn percentage(text: &str) -> Result<f64, &'static str> {
    let share = quantity::share(text).filter(|share| *share <= 1.0);
    share.ok_or("give a percentage from 0% to 100%")
}

/// Batches that may wait to be scored.
const QUEUE: Queue = Queue::of(16);

/// How often the live line is drawn.
const TICK: Duration = Duration::from_millis(250);

/// Replays every file, one after the other.
pub fn run(args: ReplayArgs, terminal: TerminalArgs) -> Result<Exit> {
    args.profile.check()?;
    if let [one] = &args.files[..]
        && let Some(id) = id_of(one)
    {
        return alarms::run_kept(id, &args);
    }
    // Each is opened once, as a pipe's bytes are there for its first reader only. What can be read
    // again is closed meanwhile, as there may be more of them than files that can be open.
    let inputs: Vec<_> = args
        .files
        .iter()
        .map(|it| Waiting::new(it))
        .collect::<Result<_>>()?;
    let (mut detector, identity) = args
        .judge
        .detector_by(&args.profile, args.alarms, None, "")?;
    if inputs.iter().all(|it| it.is_alarms) {
        return alarms::run(inputs, detector, &identity);
    }
    if inputs.iter().any(|it| it.is_alarms) {
        return Err(Usage(
            "stored alarms and recordings cannot be replayed in one run: name only the ones or the \
             others"
                .into(),
        )
        .into());
    }

    detector.limit_model(args.lstm_share);
    let kind = Kind {
        live_line: true,
        thread_ends: true,
        alarm_log: false,
        policy: Policy::Wait,
        command: false,
    };
    let again_after = args.alarms.again_after();
    let alarm_exit = args.alarms.exit_code.unwrap_or(Exit::ALARM);
    let listeners = args.outputs.listeners(&identity, kind, terminal.color())?;
    let (feed, pipeline) = Pipeline::start(Parts {
        engine: Box::new(detector),
        tap: None,
        listeners,
        reporting: Reporting {
            incidents: Incidents::new(again_after),
            ..Reporting::default()
        },
        queue: QUEUE,
        tick: TICK,
        cpu: None,
    })?;
    let abi = args.abi.map(|AbiName(abi)| abi);
    let mut received = 0;
    let mut read = Ok(());
    for input in inputs {
        let opened = input.open();
        read = opened.and_then(|input| source::read(input, abi, &feed, &mut received));
        if read.is_err() {
            break;
        }
    }
    // What was read before the damage is judged and told first.
    let outcome = pipeline.finish(feed)?;
    tell_failures(&outcome);
    read?;
    Ok(Exit::of(&outcome, alarm_exit))
}

/// The id that is meant by a name that no file has.
fn id_of(name: &Path) -> Option<&str> {
    let name = name.to_str().filter(|it| *it != "-")?;
    let letters = |it: char| it.is_ascii_alphanumeric() || it == '-';
    let is_id = name.len() >= SHORTEST && name.chars().all(letters);
    (is_id && !Path::new(name).exists()).then_some(name)
}

/// An input whose turn has not come yet.
struct Waiting {
    path: PathBuf,
    /// What cannot be opened a second time.
    opened: Option<Input>,
    is_alarms: bool,
}

impl Waiting {
    fn new(path: &Path) -> Result<Self> {
        let input = Input::open(path)?;
        let again = path.as_os_str() != "-" && (path.is_file() || path.is_dir());
        Ok(Self {
            path: path.to_owned(),
            is_alarms: input.is_json(),
            opened: (!again).then_some(input),
        })
    }

    fn open(self) -> Result<Input> {
        match self.opened {
            Some(input) => Ok(input),
            None => Ok(Input::open(&self.path)?),
        }
    }
}

/// Tells on standard error what was left out of a file.
fn remark(file: &str, remarks: &[String]) {
    for remark in remarks {
        complain(&format!("{file}: {remark}"));
    }
}
