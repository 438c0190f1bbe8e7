//! An incident as a person on call reads it: a headline, and at most eight lines below it.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::{call_name, expectation, grouped};
use crate::detail::words;
use crate::detect::blind::Blind;
use crate::detect::severity::Severity;
use crate::detect::verdict::TELLING_NATS;
use crate::incident::{Incident, State};
use crate::profile::first_seen::{First, FirstSeen};
use crate::run::clock::WallClock;
use crate::who::Who;

/// Lines below the headline.
const LINES: usize = 8;

/// How incidents are laid out.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Whether words are coloured.
    pub colour: bool,
    /// Columns that a line may have: those of a terminal, and any number of elsewhere.
    pub columns: usize,
}

impl Page {
    /// The lines of an incident, which is shown by `id`; `source` is the file that is replayed.
    #[must_use]
    pub fn of(
        self,
        incident: &Incident,
        id: &str,
        clock: WallClock,
        source: Option<&str>,
    ) -> String {
        let severity = incident.severity.name().to_uppercase();
        let marked = self.paint(colour(incident.severity), &severity);
        let state = match incident.state {
            State::Opened => String::new(),
            State::Updated => format!(" update of {id}:"),
            State::Closed => return self.closed(incident, id, clock),
        };
        let room = self
            .columns
            .saturating_sub(severity.len() + state.len() + 1);
        let mut text = format!("{marked}{state} {}\n", cut(&incident.headline, room));
        let mut rows: Vec<(&str, String)> = Vec::new();
        let mut when = clock.shown(incident.last_ns);
        if incident.alarms > 1 {
            let _ = write!(
                when,
                ", {} alarms since {}",
                grouped(incident.alarms),
                clock.shown(incident.opened_ns)
            );
        }
        if let Some(name) = source {
            let _ = write!(when, ", in {name}");
        }
        rows.push(("when", when));
        let alarm = &incident.alarm;
        if let Some(who) = &alarm.who {
            rows.extend(place(who).map(|it| ("where", it)));
        }
        rows.push(("process", process(incident)));
        if alarm.lineage.len() > 1 {
            rows.push(("lineage", super::alarm::lineage(&alarm.lineage)));
        }
        if !incident.first_seen.is_empty() {
            let new: Vec<_> = incident.first_seen.iter().map(named).collect();
            rows.push(("new", new.join(", ")));
        }
        let telling = alarm
            .surprising
            .iter()
            .filter(|one| one.surprise >= TELLING_NATS);
        if let Some(most) = telling.max_by(|a, b| a.surprise.total_cmp(&b.surprise)) {
            let expected = expectation(&most.expected);
            rows.push((
                "unusual",
                format!("{}, where was expected {expected}", call_name(most.call)),
            ));
        }
        if incident.provisional {
            let learned = match &alarm.judged_by {
                None => "nothing was learned yet",
                Some(_) => "too little was learned of this release",
            };
            rows.push(("because", format!("{learned}: provisional")));
        }
        // The last line says what to type.
        rows.truncate(LINES - 1);
        rows.push(("details", format!("monitor explain {id}")));
        for (name, value) in rows {
            let _ = writeln!(
                text,
                "  {name:<8} {}",
                cut(&value, self.columns.saturating_sub(11))
            );
        }
        text
    }

    fn closed(self, incident: &Incident, id: &str, clock: WallClock) -> String {
        let line = format!(
            "closed {id}: calm since {}, {} alarms: {}",
            clock.shown(incident.last_ns),
            grouped(incident.alarms),
            incident.headline
        );
        format!(
            "{}\n",
            self.paint(Style::new().dimmed(), &cut(&line, self.columns))
        )
    }

    /// The line of a service that is not seen any more, or is seen again.
    #[must_use]
    pub fn blind(self, blind: &Blind, clock: WallClock) -> String {
        let service = match blind.service.escape_debug().to_string() {
            service if service.is_empty() => "the service".to_owned(),
            service => service,
        };
        let since = clock.shown(blind.since_ns);
        let lost = format!(
            "{} calls of {} {} lost",
            grouped(blind.lost),
            grouped(blind.threads),
            if blind.threads == 1 {
                "thread"
            } else {
                "threads"
            }
        );
        let word = self.paint(colour(Severity::High), "BLIND");
        match blind.until_ns {
            None => format!("{word} to {service} since {since}: {lost}, more are being lost\n"),
            Some(until) => format!(
                "{word} to {service} no more: from {since} to {}, {lost}\n",
                clock.shown(until)
            ),
        }
    }

    fn paint(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{}{text}{}", style.render(), style.render_reset())
        } else {
            text.to_owned()
        }
    }
}

const fn colour(severity: Severity) -> Style {
    match severity {
        Severity::Critical | Severity::High => AnsiColor::Red.on_default().bold(),
        Severity::Medium => AnsiColor::Yellow.on_default().bold(),
        Severity::Low => AnsiColor::Cyan.on_default(),
    }
}

/// Host, unit and container in a line.
fn place(who: &Who) -> Option<String> {
    let host = who.host.as_ref().and_then(|host| host.name.clone());
    let unit = who.unit.clone();
    let container = who.container.as_ref().map(|it| {
        let id: String = it.id.chars().take(12).collect();
        let name = it.name.as_deref().unwrap_or(&id);
        match &it.image {
            Some(image) => format!("container {name} of {image}"),
            None => format!("container {name}"),
        }
    });
    let cgroup = who
        .cgroup
        .clone()
        // The root of all cgroups says nothing of where it was.
        .filter(|it| it != "/" && unit.is_none() && container.is_none());
    let parts: Vec<_> = [host, container, unit, cgroup]
        .into_iter()
        .flatten()
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Who it was, in a line: name and number, user, command line or executable.
fn process(incident: &Incident) -> String {
    let alarm = &incident.alarm;
    let mut line = format!("{} ({})", alarm.comm, alarm.thread.tgid);
    let Some(who) = &alarm.who else {
        return line;
    };
    if let Some(user) = &who.user {
        let _ = match &user.name {
            Some(name) => write!(line, " of user {name}"),
            None => write!(line, " of uid {}", user.uid),
        };
    }
    let program = who.program();
    let command = program.and_then(|it| it.command_line.as_ref().or(it.executable.as_ref()));
    if let Some(command) = command {
        let _ = write!(line, ": {command}");
    }
    line
}

fn named(first: &FirstSeen) -> String {
    let mut name = match &first.what {
        First::Call(call) => call_name(*call),
        First::Name(comm) => format!("program {comm}"),
        First::CallOfName(comm, call) => format!("{} by {comm}", call_name(*call)),
        First::Touch(detail) => words::did(detail, None),
        First::Outcome(detail, outcome) => words::went(detail, *outcome),
    };
    if let Some(technique) = first.technique() {
        let _ = write!(name, " ({technique})");
    }
    name
}

/// The text, cut to so many columns.
fn cut(text: &str, columns: usize) -> String {
    if text.chars().count() <= columns {
        return text.to_owned();
    }
    let kept: String = text.chars().take(columns.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests;
