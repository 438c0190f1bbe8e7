//! `monitor explain`: an alarm of the log, shown again.

mod list;
pub mod show;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use clap_complete::ArgValueCandidates;
use monitor::alarm_log;
use monitor::alarm_log::stored::{Found, Log};
use monitor::report::json::incident::IncidentRecord;
use monitor::report::page::incident::IncidentPage;

use super::report::write_page;
use super::status::Exit;
use super::{Format, TerminalArgs, complain, completion};

/// Options of `monitor explain`.
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    /// The id of an alarm or incident, or as much of its beginning as no other has; without one the
    /// latest alarms are listed
    #[arg(value_name = "ALARM-ID", add = ArgValueCandidates::new(completion::alarms))]
    id: Option<String>,
    /// The log that holds it [default: where a live run of this user keeps it]
    #[arg(long, value_name = "FILE")]
    alarm_log: Option<PathBuf>,
    /// Show what is heavy wherever it is new to a service, and which document says so
    #[arg(long, conflicts_with_all = ["id", "alarm_log"])]
    list: bool,
    /// How it is shown
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write it as a page of HTML into this file, which is replaced
    #[arg(long, value_name = "FILE", requires = "id", conflicts_with = "format")]
    html: Option<PathBuf>,
}

/// Alarms in the list.
const LISTED: usize = 20;

/// Shows one alarm, or the list.
pub fn run(args: &ExplainArgs, terminal: TerminalArgs) -> Result<Exit> {
    if args.list {
        list::write(&mut io::stdout().lock(), args.format)?;
        return Ok(Exit::Quiet);
    }
    let path = match &args.alarm_log {
        Some(path) => path.clone(),
        None => alarm_log::place()?,
    };
    let log = Log::new(path);
    let out = &mut io::stdout().lock();
    let damaged = match &args.id {
        Some(id) => {
            let (found, incident) = found(&log, id, args.html.is_some())?;
            match (&args.html, args.format) {
                (Some(file), _) => write_page(file, &page(&found, incident.as_ref()))?,
                (None, Format::Json) => {
                    line(out, &found.alarm)?;
                    if let Some(next) = &found.aftermath {
                        line(out, next)?;
                    }
                }
                (None, Format::Text) => {
                    let colour = terminal.color().is_on(io::stdout().is_terminal());
                    let text = show::explanation(&found, colour)
                        .with_context(|| format!("the alarm {}", id.escape_debug()))?;
                    out.write_all(text.as_bytes())?;
                }
            }
            found.damaged
        }
        None => {
            let (alarms, damaged) = log.latest(LISTED)?;
            if alarms.is_empty() {
                bail!("there is no alarm in {}", log.shown());
            }
            for alarm in &alarms {
                match args.format {
                    Format::Json => line(out, alarm)?,
                    Format::Text => out.write_all(show::listed(alarm).as_bytes())?,
                }
            }
            damaged
        }
    };
    if damaged > 0 {
        complain(&format!(
            "{}: {damaged} lines are no whole statement of a monitor and were left out",
            log.shown()
        ));
    }
    Ok(Exit::Quiet)
}

/// The alarm that an id stands for, and, of an incident that is asked for, what it says.
fn found(log: &Log, id: &str, with_incident: bool) -> Result<(Found, Option<IncidentRecord>)> {
    if !with_incident {
        return Ok((log.find(id)?, None));
    }
    let evidence = log.evidence(id)?;
    let heaviest = evidence.heaviest().cloned();
    let heaviest = heaviest.context("the log has none of its alarms any more")?;
    Ok((heaviest, evidence.incident))
}

/// The page of an incident, or of an alarm that no incident has.
fn page(found: &Found, incident: Option<&IncidentRecord>) -> String {
    let page = IncidentPage {
        incident,
        alarm: &found.alarm,
        aftermath: found.aftermath.as_ref(),
    };
    page.html()
}

fn line(out: &mut impl Write, record: &impl serde::Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    out.write_all(&line)?;
    Ok(())
}
