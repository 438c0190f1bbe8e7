//! Where the statements of a run go, as the command line says it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::ProgressBar;
use monitor::alarm_log::file::AlarmLog;
use monitor::alarm_log::notes::NotedSuppressions;
use monitor::alarm_log::{self, LogError};
use monitor::pipeline::Outcome;
use monitor::report::hub::{Listener, Policy, Role};
use monitor::report::json::{Json, Only};
use monitor::report::output::{MakesWay, Output};
use monitor::report::sink::Sink;
use monitor::report::summary::SummaryText;
use monitor::report::text::{Page, Text, grouped};
use monitor::run::snapshot::{ModelIdentity, OutputState};
use monitor::trace::error::shown;

use super::live_line::LiveLine;
use super::{Color, Format, columns, complain, quantity, stderr_is_terminal};

/// Options that say what is shown and where.
#[derive(Args, Clone, Debug)]
pub struct OutputArgs {
    /// How verdicts are written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Append the verdicts to this file and not to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Append each alarm as a line of JSON to this file as well, to be explained and replayed later
    /// [default in a live run: MONITOR_ALARM_LOG, or monitor/alarms.jsonl in the state folder]
    #[arg(long, value_name = "FILE")]
    alarm_log: Option<PathBuf>,
    /// Keep no alarm log
    #[arg(long, conflicts_with = "alarm_log")]
    no_alarm_log: bool,
    /// Leave out the line that JSON has for the end of each thread
    #[arg(long)]
    no_thread_ends: bool,
    /// Seconds between two status lines of JSON
    #[arg(long, value_name = "SECS", default_value_t = 10, value_parser = quantity::whole::<1, 86_400>)]
    status_interval: u64,
}

/// What kind of run it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Kind {
    /// Show a line on the terminal that tells how the run stands.
    pub live_line: bool,
    /// Tell each thread's end in text, too.
    pub thread_ends: bool,
    /// A command runs that has standard output to itself: text goes to standard error.
    pub command: bool,
    /// Keep an alarm log even when none is named.
    pub alarm_log: bool,
    /// What happens when an output is slow.
    pub policy: Policy,
}

impl OutputArgs {
    /// The alarm log that a live run keeps unasked, which is set aside when it has grown.
    pub fn default_log(&self) -> Option<PathBuf> {
        let unasked = self.alarm_log.is_none() && !self.no_alarm_log;
        unasked.then(alarm_log::place)?.ok()
    }

    /// The alarm log that a live run keeps.
    pub fn kept_log(&self) -> Option<PathBuf> {
        self.alarm_log.clone().or_else(|| self.default_log())
    }

    /// The alarm log that somebody named.
    pub fn named_alarm_log(&self) -> Option<&Path> {
        self.alarm_log.as_deref()
    }

    /// What people suppress while the run goes on: noted beside its alarm log.
    pub fn suppressions(&self) -> Option<NotedSuppressions> {
        let log = self.kept_log()?;
        Some(NotedSuppressions::of(&log))
    }

    /// The folder of a named alarm log, in which what people suppress is noted meanwhile.
    pub fn notes_folder(&self) -> Option<PathBuf> {
        let log = self.alarm_log.as_ref()?;
        let folder = match log.canonicalize() {
            Ok(log) => log.is_file().then(|| log.parent().map(Path::to_owned))?,
            // It is made in a moment.
            Err(_) => Some(log.parent()?.to_owned()),
        };
        // Of a bare name, this one.
        let folder = folder.map(|it| {
            if it.as_os_str().is_empty() {
                PathBuf::from(".")
            } else {
                it
            }
        });
        folder.filter(|it| it.is_dir())
    }

    /// The outputs of a run.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub fn listeners(
        &self,
        model: &ModelIdentity,
        kind: Kind,
        color: Color,
    ) -> Result<Vec<Listener>> {
        let mut listeners = Vec::new();
        let bar = kind.live_line.then(|| live_line(&mut listeners)).flatten();
        let interval = Duration::from_secs(self.status_interval);
        if let Some(log) = self.alarm_log(model, kind, interval)? {
            listeners.push(log.with(kind.policy));
        }
        let is_on_stderr = kind.command && self.format == Format::Text;
        let is_terminal = self.output.is_none()
            && if is_on_stderr {
                stderr_is_terminal()
            } else {
                std::io::stdout().is_terminal()
            };
        let (name, output) = match &self.output {
            Some(path) => (format!("output {}", shown(path)), append(path)?),
            None if is_on_stderr => ("standard error".to_owned(), Output::stderr()),
            // The line on the terminal makes way for what is written there, and waits with it.
            None => (
                STDOUT.to_owned(),
                Output::stdout().beside(bar.clone().filter(|_| is_terminal).map(makes_way)),
            ),
        };
        let sink: Box<dyn Sink> = match self.format {
            Format::Text => {
                let page = Page {
                    colour: color.is_on(is_terminal),
                    columns: match is_terminal {
                        true => columns(is_on_stderr),
                        false => usize::MAX,
                    },
                };
                let ends = kind.thread_ends && !self.no_thread_ends;
                Box::new(Text::new(output, page, ends))
            }
            Format::Json => {
                let only = if self.no_thread_ends {
                    Only::WithoutThreadEnds
                } else {
                    Only::Everything
                };
                Box::new(Json::new(output, Some(model.clone()), only, interval))
            }
        };
        listeners.push(Listener::new(name, Role::Telling, sink).with(kind.policy));
        if self.format == Format::Text || self.output.is_some() {
            listeners.push(summary(bar, Some(model.clone())));
        }
        Ok(listeners)
    }

    fn alarm_log(
        &self,
        model: &ModelIdentity,
        kind: Kind,
        interval: Duration,
    ) -> Result<Option<Listener>> {
        let (path, output) = if let Some(path) = &self.alarm_log {
            (path.clone(), append(path)?)
        } else if kind.alarm_log && !self.no_alarm_log {
            let opened = alarm_log::place().and_then(|path| {
                let log = AlarmLog::open(&path)?;
                Ok::<_, LogError>((path, Output::new(Box::new(log))))
            });
            match opened {
                Ok(opened) => opened,
                Err(why) => {
                    not_kept(&why);
                    return Ok(None);
                }
            }
        } else {
            return Ok(None);
        };
        let log = Json::new(output, Some(model.clone()), Only::Alarms, interval);
        let name = format!("alarm log {}", shown(&path));
        Ok(Some(Listener::new(name, Role::Keeping, Box::new(log))))
    }
}

/// Warns that alarms are told but not kept.
fn not_kept(why: &LogError) {
    complain(&format!(
        "alarms are not kept in a log ({why}): name another by --alarm-log, or give --no-alarm-log"
    ));
}

/// What messages call standard output.
const STDOUT: &str = "standard output";

/// The outputs of a run that scores nothing.
pub fn recording_listeners(show_live_line: bool) -> Vec<Listener> {
    let mut listeners = Vec::new();
    let bar = show_live_line.then(|| live_line(&mut listeners)).flatten();
    listeners.push(summary(bar, None));
    listeners
}

fn summary(bar: Option<ProgressBar>, model: Option<ModelIdentity>) -> Listener {
    let text = SummaryText::new(Output::stderr().beside(bar.map(makes_way)), model);
    Listener::new("summary", Role::Showing, Box::new(text))
}

fn makes_way(bar: ProgressBar) -> MakesWay {
    Box::new(move |write| bar.suspend(write))
}

fn live_line(listeners: &mut Vec<Listener>) -> Option<ProgressBar> {
    if !stderr_is_terminal() {
        return None;
    }
    let line = LiveLine::stderr();
    let bar = line.bar();
    listeners.push(Listener::new("live line", Role::Showing, Box::new(line)));
    Some(bar)
}

/// Says of each output what is missing in it.
pub fn tell_failures(outcome: &Outcome) {
    for output in outcome.outputs.iter().filter(|it| it.has_failed()) {
        let why = match (&output.error, output.state) {
            (Some(error), _) => format!(": {error}"),
            (None, OutputState::Blocked) => ": its reader takes nothing".into(),
            (None, _) => String::new(),
        };
        complain(&format!(
            "{}: {} of {} statements were not written{why}",
            output.name,
            grouped(output.dropped),
            grouped(output.dropped + output.written),
        ));
    }
}

fn append(path: &Path) -> Result<Output> {
    Output::append(path).with_context(|| format!("cannot write to {}", shown(path)))
}
