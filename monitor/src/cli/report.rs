//! `monitor report`: the incidents of a period, by service.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use jiff::Timestamp;
use monitor::alarm_log;
use monitor::alarm_log::stored::Log;
use monitor::report::json::incident::IncidentRecord;
use monitor::report::page::period::Period;
use monitor::run::private_file;
use monitor::trace::error::shown;

use super::status::Exit;
use super::{complain, quantity};

/// Incidents that are looked at.
const MOST: usize = 100_000;

/// Options of `monitor report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// How far back the period begins, as in 24h or 7d
    #[arg(long, value_name = "DURATION", default_value = "7d", value_parser = quantity::duration)]
    since: Duration,
    /// Write it as a page of HTML into this file, which is replaced
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// The log that holds the incidents [default: where a live run of this user keeps it]
    #[arg(long, value_name = "FILE")]
    alarm_log: Option<PathBuf>,
}

/// Prints it, or writes the page.
pub fn run(args: &ReportArgs) -> Result<Exit> {
    let path = match &args.alarm_log {
        Some(path) => path.clone(),
        None => alarm_log::place()?,
    };
    let log = Log::new(path);
    let (incidents, damaged) = log.incidents(MOST)?;
    if damaged > 0 {
        let at = log.shown();
        complain(&format!(
            "{at}: {damaged} lines are no whole statement of a monitor and were left out"
        ));
    }
    let begin = Timestamp::now()
        .checked_sub(args.since)
        .context("--since is too long ago")?;
    let is_within = |it: &IncidentRecord| {
        let told = it
            .time
            .as_deref()
            .and_then(|time| time.parse::<Timestamp>().ok());
        told.is_none_or(|at| at >= begin)
    };
    let called = format!("the last {}", humantime::format_duration(args.since));
    let period = Period::new(&called, incidents.into_iter().filter(is_within));
    match &args.html {
        Some(file) => write_page(file, &period.html())?,
        None => io::stdout().write_all(text(&period).as_bytes())?,
    }
    Ok(Exit::Quiet)
}

/// Puts a page into its place, whole or not at all, readable by this user alone.
///
/// # Errors
/// When it cannot be written.
pub fn write_page(file: &Path, html: &str) -> Result<()> {
    let written = private_file::replace(file, html.as_bytes());
    written.with_context(|| format!("cannot write {}", shown(file)))
}

fn text(period: &Period) -> String {
    let mut text = format!("Incidents of {}\n", period.called);
    for (service, counts) in period.counts() {
        text.push_str(&format!(
            "{service}: {} critical, {} high, {} medium, {} low\n",
            counts.critical, counts.high, counts.medium, counts.low
        ));
    }
    for (service, incidents) in period.incidents() {
        text.push_str(&format!("\n{service}\n"));
        for it in incidents {
            let opened = it.opened.as_deref().unwrap_or("-");
            let opened: String = opened.escape_debug().take(19).collect();
            let headline: String = it.headline.escape_debug().take(160).collect();
            let id: String = it.id.escape_debug().take(26).collect();
            text.push_str(&format!(
                "  {:8} {opened}  {id}  {headline}\n",
                it.severity.name()
            ));
        }
    }
    text
}
