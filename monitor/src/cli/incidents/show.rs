//! Incidents of a log as people read them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use monitor::alarm_log::notes::{Note, NoteKind, in_force};
use monitor::incident::State;
use monitor::report::json::incident::IncidentRecord;
use monitor::report::text::grouped;
use monitor::who::redaction::harmless;

/// Letters of an id that are shown in a list.
const ID: usize = 12;

/// Alarms that are named.
const ALARMS: usize = 8;

/// Lays incidents out beside what was noted about them.
pub struct Page<'a> {
    notes: &'a [Note],
    suppressed: BTreeMap<&'a str, &'a Note>,
}

impl<'a> Page<'a> {
    /// With these notes, as of a time in seconds since 1970.
    pub fn new(notes: &'a [Note], now_unix_s: u64) -> Self {
        Self {
            notes,
            suppressed: in_force(notes, now_unix_s),
        }
    }

    /// Time, id, severity, state, service and headline.
    pub fn line(&self, incident: &IncidentRecord) -> String {
        let service = match harmless(&incident.service) {
            service if service.is_empty() => "-".to_owned(),
            service => service,
        };
        format!(
            "{}  {:ID$}  {:8}  {:12}  {service}  {}",
            local(incident.time.as_deref()),
            id(incident).chars().take(ID).collect::<String>(),
            incident.severity.name(),
            self.state(incident),
            harmless(&incident.headline),
        )
    }

    /// Acknowledged and suppressed say more than open and closed.
    fn state(&self, incident: &IncidentRecord) -> &'static str {
        let known = |it: &Note| it.kind == NoteKind::Acknowledged && it.incident == incident.id;
        if self.suppressed.contains_key(&*incident.fingerprint) || incident.suppressed.is_some() {
            "suppressed"
        } else if self.notes.iter().any(known) {
            "acknowledged"
        } else if incident.state == State::Closed {
            "closed"
        } else {
            "open"
        }
    }

    /// All that is known of an incident.
    pub fn of(&self, incident: &IncidentRecord) -> String {
        let mut text = format!(
            "{} {}\n",
            incident.severity.name().to_uppercase(),
            harmless(&incident.headline)
        );
        let mut row = |name: &str, value: &str| {
            let _ = writeln!(text, "  {name:<9} {value}");
        };
        row("id", &id(incident));
        row("state", self.state(incident));
        row("opened", &local(incident.opened.as_deref()));
        row("latest", &local(incident.time.as_deref()));
        let alike = match incident.alike {
            0 => String::new(),
            alike => format!(", {} of them alike", grouped(alike)),
        };
        row("alarms", &format!("{}{alike}", grouped(incident.alarms)));
        if !incident.service.is_empty() {
            row("service", &harmless(&incident.service));
        }
        row(
            "process",
            &format!("{} ({})", harmless(&incident.comm), incident.pid),
        );
        let who = incident.who.as_deref();
        for program in who.into_iter().flat_map(|who| &who.lineage) {
            let said = program
                .command_line
                .as_ref()
                .or(program.executable.as_ref());
            let said = said.map_or_else(|| harmless(&program.comm), |it| harmless(it));
            row("lineage", &format!("{} {said}", program.pid));
        }
        if let Some(reason) = &incident.suppressed {
            row("because", &harmless(reason));
        }
        for alarm in incident.alarm_ids.iter().take(ALARMS) {
            row("alarm", &harmless(alarm));
        }
        let mine = |it: &&Note| match it.kind {
            NoteKind::Acknowledged => it.incident == incident.id,
            _ => it.fingerprint == incident.fingerprint,
        };
        for note in self.notes.iter().filter(mine) {
            row("noted", &said(note));
        }
        row("details", &format!("monitor explain {}", id(incident)));
        text
    }
}

/// What a note says.
fn said(note: &Note) -> String {
    let mut text = match note.kind {
        NoteKind::Acknowledged => "acknowledged".to_owned(),
        NoteKind::Suppressed => match note.until_unix_s {
            Some(until) => format!("suppressed until {}", time(until)),
            None => "suppressed".to_owned(),
        },
        NoteKind::Unsuppressed => "reported again".to_owned(),
    };
    let _ = write!(text, ", {}", time(note.unix_s));
    if let Some(by) = &note.by {
        let _ = write!(text, ", by {}", harmless(by));
    }
    if let Some(reason) = &note.reason {
        let _ = write!(text, ": {}", harmless(reason));
    }
    text
}

/// The id, escaped.
pub fn id(incident: &IncidentRecord) -> String {
    harmless(&incident.id).chars().take(64).collect()
}

/// Local date and time of seconds since 1970.
pub fn time(unix_s: u64) -> String {
    let at = i64::try_from(unix_s).ok();
    let at = at.and_then(|at| Timestamp::from_second(at).ok());
    at.map_or_else(|| "-".to_owned(), shown)
}

/// The same of RFC 3339.
fn local(time: Option<&str>) -> String {
    let at = time.and_then(|time| time.parse::<Timestamp>().ok());
    at.map_or_else(|| "-".to_owned(), shown)
}

fn shown(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::system());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
