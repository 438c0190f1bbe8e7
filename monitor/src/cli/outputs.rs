//! Where the statements of a run go, as the command line says it.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use indicatif::ProgressBar;
use monitor::report::json::{Json, Only};
use monitor::report::live_line::LiveLine;
use monitor::report::output::Output;
use monitor::report::sink::{Sink, Tee};
use monitor::report::summary::SummaryText;
use monitor::report::text::Text;
use monitor::run::snapshot::ModelIdentity;
use monitor::trace::error::shown;

use super::alarm_log::{self, AlarmLog, Unasked};
use super::{Color, Format, stderr_is_terminal};

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
    /// Seconds between two status lines of JSON
    #[arg(long, value_name = "SECS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    status_interval: u64,
}

/// What kind of run it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Kind {
    /// Show a line on the terminal that tells how the run stands.
    pub live_line: bool,
    /// Tell each thread's end in text, too.
    pub thread_ends: bool,
    /// Keep an alarm log even when none is named.
    pub alarm_log: bool,
}

impl OutputArgs {
    /// The sinks of a run.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub fn sink(&self, model: &ModelIdentity, kind: Kind, color: Color) -> Result<Box<dyn Sink>> {
        let mut sinks = Tee::default();
        let bar = kind.live_line.then(|| live_line(&mut sinks)).flatten();
        let stdout_is_terminal = self.output.is_none() && std::io::stdout().is_terminal();
        let output = match &self.output {
            Some(path) => append(path)?,
            None => Output::stdout().beside(bar.clone()),
        };
        let interval = Duration::from_secs(self.status_interval);
        if let Some(path) = &self.alarm_log {
            let model = Some(model.clone());
            let log = Json::new(append(path)?, model, Only::Alarms, interval);
            sinks.0.push(Box::new(log));
        } else if kind.alarm_log && !self.no_alarm_log {
            match alarm_log::place().and_then(|path| AlarmLog::open(&path)) {
                Ok(log) => {
                    let output = Output::new(Box::new(log));
                    let log = Json::new(output, Some(model.clone()), Only::Alarms, interval);
                    sinks.0.push(Box::new(Unasked::new(Box::new(log))));
                }
                Err(why) => alarm_log::not_kept(&format!("{why:#}")),
            }
        }
        match self.format {
            Format::Text => {
                let colour = color.is_on(stdout_is_terminal);
                let text = Text::new(output, colour, kind.thread_ends);
                sinks.0.push(Box::new(text));
            }
            Format::Json => {
                let model = Some(model.clone());
                let json = Json::new(output, model, Only::Everything, interval);
                sinks.0.push(Box::new(json));
            }
        }
        if self.format == Format::Text || self.output.is_some() {
            let stderr = Output::stderr().beside(bar);
            sinks
                .0
                .push(Box::new(SummaryText::new(stderr, Some(model.clone()))));
        }
        Ok(Box::new(sinks))
    }
}

/// The sinks of a run that scores nothing.
pub fn recording_sink(show_live_line: bool) -> Box<dyn Sink> {
    let mut sinks = Tee::default();
    let bar = show_live_line.then(|| live_line(&mut sinks)).flatten();
    let stderr = Output::stderr().beside(bar);
    sinks.0.push(Box::new(SummaryText::new(stderr, None)));
    Box::new(sinks)
}

fn live_line(sinks: &mut Tee) -> Option<ProgressBar> {
    if !stderr_is_terminal() {
        return None;
    }
    let line = LiveLine::stderr();
    let bar = line.bar();
    sinks.0.push(Box::new(line));
    Some(bar)
}

fn append(path: &Path) -> Result<Output> {
    Output::append(path).with_context(|| format!("cannot write to {}", shown(path)))
}
