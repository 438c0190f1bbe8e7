//! `monitor incidents`: what was reported, and what people note about it.

#[cfg(feature = "live")]
mod follow;
mod show;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use monitor::alarm_log;
use monitor::alarm_log::notes::{Note, NoteKind, Notes};
use monitor::alarm_log::stored::Log;
use monitor::run::clock::unix_s;

use super::profile::reason;
use super::status::Exit;
use super::{Format, complain, print_row, quantity};
use show::Page;

/// Incidents in the list.
const LISTED: usize = 20;

/// Options of `monitor incidents`.
#[derive(Args, Clone, Debug)]
pub struct IncidentsArgs {
    /// The log that holds them [default: where a live run of this user keeps it]
    #[arg(long, global = true, value_name = "FILE")]
    alarm_log: Option<PathBuf>,
    /// How they are shown
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Ask a running guard and go on with those that come
    #[cfg(feature = "live")]
    #[arg(long)]
    follow: bool,
    /// Ask the guard whose control socket this is, not the log
    #[cfg(feature = "live")]
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Clone, Debug, Subcommand)]
enum Action {
    /// Lists the latest incidents
    List {
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = LISTED as u64, value_parser = quantity::whole::<1, 100_000>)]
        last: u64,
    },
    /// Shows one incident with its alarms and what was noted about it
    Show(Named),
    /// Notes that somebody knows of an incident
    Ack {
        #[command(flatten)]
        named: Named,
        /// What is known of it
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: Option<String>,
    },
    /// Does not report incidents like one for a time; they are logged, and what is new beside them
    /// is reported
    Suppress {
        #[command(flatten)]
        named: Named,
        /// For how long, as in 8h or 7d
        #[arg(long = "for", value_name = "DURATION", value_parser = quantity::duration)]
        span: Duration,
        /// Why
        #[arg(long, value_name = "TEXT", value_parser = reason)]
        reason: String,
    },
    /// Reports incidents like one again
    Unsuppress(Named),
}

#[derive(Args, Clone, Debug)]
struct Named {
    /// The incident's id, or as much of its beginning as no other has
    #[arg(value_name = "ID")]
    id: String,
}

/// Lists, shows or notes.
pub fn run(args: &IncidentsArgs) -> Result<Exit> {
    #[cfg(feature = "live")]
    if args.follow || args.socket.is_some() {
        return follow::run(args.socket.clone(), args.follow, args.format);
    }
    let path = match &args.alarm_log {
        Some(path) => path.clone(),
        None => alarm_log::place()?,
    };
    let (log, notes) = (Log::new(path.clone()), Notes::of(&path));
    match args.action.as_ref() {
        None => list(&log, &notes, LISTED, args.format),
        Some(Action::List { last }) => {
            let last = usize::try_from(*last).unwrap_or(LISTED);
            list(&log, &notes, last, args.format)
        }
        Some(Action::Show(named)) => {
            let incident = log.incident(&named.id)?;
            let (notes, _) = notes.read()?;
            let mut out = io::stdout().lock();
            match args.format {
                Format::Json => {
                    writeln!(out, "{}", serde_json::to_string(&incident)?)?;
                    let of_it = notes.iter().filter(|it| it.incident == incident.id);
                    for note in of_it {
                        writeln!(out, "{}", serde_json::to_string(note)?)?;
                    }
                }
                Format::Text => {
                    let page = Page::new(&notes, unix_s());
                    out.write_all(page.of(&incident).as_bytes())?;
                }
            }
            Ok(Exit::Quiet)
        }
        Some(Action::Ack { named, reason }) => {
            let incident = log.incident(&named.id)?;
            let note = Note {
                reason: reason.clone(),
                ..Note::by_this_user(NoteKind::Acknowledged, &incident)
            };
            notes.add(&note)?;
            writeln!(io::stdout(), "acknowledged {}", show::id(&incident))?;
            Ok(Exit::Quiet)
        }
        Some(Action::Suppress {
            named,
            span,
            reason,
        }) => {
            let incident = log.incident(&named.id)?;
            let until = unix_s().saturating_add(span.as_secs());
            let note = Note {
                reason: Some(reason.clone()),
                until_unix_s: Some(until),
                ..Note::by_this_user(NoteKind::Suppressed, &incident)
            };
            notes.add(&note)?;
            writeln!(
                io::stdout(),
                "incidents like {} are logged and not reported until {}, also by runs that go on; \
                 what is new beside them is",
                show::id(&incident),
                show::time(until)
            )?;
            Ok(Exit::Quiet)
        }
        Some(Action::Unsuppress(named)) => {
            let incident = log.incident(&named.id)?;
            notes.add(&Note::by_this_user(NoteKind::Unsuppressed, &incident))?;
            writeln!(
                io::stdout(),
                "incidents like {} are reported again",
                show::id(&incident)
            )?;
            Ok(Exit::Quiet)
        }
    }
}

fn list(log: &Log, notes: &Notes, most: usize, format: Format) -> Result<Exit> {
    let (incidents, damaged) = log.incidents(most)?;
    let (notes, unread) = notes.read()?;
    let page = Page::new(&notes, unix_s());
    for incident in &incidents {
        match format {
            Format::Json => writeln!(io::stdout(), "{}", serde_json::to_string(incident)?)?,
            Format::Text => print_row(&page.line(incident))?,
        }
    }
    if incidents.is_empty() && format == Format::Text {
        writeln!(io::stdout(), "there is no incident in {}", log.shown())?;
    }
    if damaged + unread > 0 {
        complain(&format!(
            "{}: {} lines are no whole statement of a monitor and were left out",
            log.shown(),
            damaged + unread
        ));
    }
    Ok(Exit::Quiet)
}
