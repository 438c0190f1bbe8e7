//! The latest incidents.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::alarm_log::notes::{Note, NoteKind, in_force};
use crate::detect::severity::Severity;
use crate::incident::State;
use crate::top::sheet::{Cell, Column, Row, Sheet, Tone, Value};

const COLUMNS: &[Column] = &[
    Column::number("TIME", 14),
    Column::number("SEVERITY", 8),
    Column::text("STATE", 12),
    Column::text("SERVICE", 20),
    Column::text("HEADLINE", 0),
];

/// The column that the incidents are sorted by at first: the time.
pub const SORTED_BY: usize = 0;

/// A statement about an incident, as the control socket tells it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct IncidentLine {
    /// The incident's id.
    pub id: String,
    /// When it was made.
    pub time: Option<String>,
    /// What happened to it.
    pub state: State,
    /// How bad it is.
    pub severity: Severity,
    /// The service.
    pub service: String,
    /// What happened, in a line.
    pub headline: String,
    /// Why incidents alike are not reported.
    #[serde(default)]
    pub suppressed: Option<String>,
    /// What it has in common with those alike.
    #[serde(default)]
    pub fingerprint: String,
}

/// What people noted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    acknowledged: BTreeSet<String>,
    suppressed: BTreeSet<String>,
}

impl Marks {
    /// Of these notes, as of a time in seconds since 1970.
    #[must_use]
    pub fn of(notes: &[Note], now_unix_s: u64) -> Self {
        let acknowledged = notes.iter().filter(|it| it.kind == NoteKind::Acknowledged);
        Self {
            acknowledged: acknowledged.map(|it| it.incident.clone()).collect(),
            suppressed: in_force(notes, now_unix_s)
                .into_keys()
                .map(str::to_owned)
                .collect(),
        }
    }
}

/// The last statement about each incident.
#[must_use]
pub fn latest(statements: Vec<IncidentLine>) -> Vec<IncidentLine> {
    let mut by_id = BTreeMap::new();
    for it in statements {
        by_id.insert(it.id.clone(), it);
    }
    by_id.into_values().collect()
}

/// Their table.
#[must_use]
pub fn sheet(incidents: &[IncidentLine], marks: &Marks) -> Sheet {
    Sheet {
        columns: COLUMNS,
        rows: incidents.iter().map(|it| row(it, marks)).collect(),
    }
}

fn row(it: &IncidentLine, marks: &Marks) -> Row {
    let (state, tone) = if it.suppressed.is_some() || marks.suppressed.contains(&it.fingerprint) {
        ("suppressed", Tone::Dim)
    } else if marks.acknowledged.contains(&it.id) {
        ("acknowledged", Tone::Plain)
    } else if it.state == State::Closed {
        ("closed", Tone::Plain)
    } else {
        ("open", Tone::Bad)
    };
    let time = Cell {
        pieces: vec![(local(it.time.as_deref()), Tone::Plain)],
        // Ids begin with the time, to the millisecond.
        value: Value::Text(it.id.clone()),
    };
    let severity = match it.severity {
        Severity::Critical => (4.0, Tone::Bad),
        Severity::High => (3.0, Tone::Bad),
        Severity::Medium => (2.0, Tone::Warning),
        Severity::Low => (1.0, Tone::Plain),
    };
    Row {
        key: it.id.clone(),
        cells: vec![
            time,
            Cell::number(severity.0, it.severity.name(), severity.1),
            Cell::text(state, tone),
            Cell::text(it.service.as_str(), Tone::Plain),
            Cell::text(it.headline.as_str(), Tone::Plain),
        ],
    }
}

/// Local month, day and time of RFC 3339.
fn local(time: Option<&str>) -> String {
    let at = time.and_then(|time| time.parse::<Timestamp>().ok());
    at.map_or_else(
        || "-".to_owned(),
        |at| {
            let at = at.to_zoned(TimeZone::system());
            at.strftime("%m-%d %H:%M:%S").to_string()
        },
    )
}
