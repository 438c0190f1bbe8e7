//! What was lost, what the monitor costs, how its outputs do, and what happened lately.

use super::{bad, counted};
use crate::guard::board::HostStatus;
use crate::report::text::{grouped, percent};
use crate::run::snapshot::{OutputState, OutputStatus};
use crate::top::sheet::{Cell, Column, Row, Sheet, Tone, Value};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const COLUMNS: &[Column] = &[
    Column::text("KIND", 8),
    Column::text("WHAT", 32),
    Column::number("COUNT", 11),
    Column::text("MORE", 0),
];

/// The rows in the making.
struct Rows(Vec<Row>);

impl Rows {
    fn add(&mut self, kind: &str, what: &str, count: Cell, more: &str, tone: Tone) {
        // As they come, unless a person sorts them otherwise.
        let place = self.0.len();
        self.0.push(Row {
            key: format!("{place:04}"),
            cells: vec![
                Cell {
                    pieces: vec![(kind.to_owned(), Tone::Dim)],
                    value: Value::Text(format!("{place:04}")),
                },
                Cell::text(what, tone),
                count,
                Cell::text(more, tone),
            ],
        });
    }
}

/// The table; `used` is what the monitor used of one core lately.
#[must_use]
pub fn sheet(status: &HostStatus, used: Option<f64>) -> Sheet {
    let mut rows = Rows(Vec::new());
    losses(status, &mut rows);
    cost(status, used, &mut rows);
    for it in &status.outputs {
        output(it, &mut rows);
    }
    for (at, what) in status.remarks.iter().rev() {
        let at = i64::try_from(*at).ok();
        let at = at.and_then(|at| Timestamp::from_second(at).ok());
        let at = at.map(|at| at.to_zoned(TimeZone::system()));
        let time = at.map_or_else(String::new, |at| at.strftime("%H:%M:%S").to_string());
        let count = Cell::text(time, Tone::Dim);
        rows.add("lately", "", count, what, Tone::Plain);
    }
    Sheet {
        columns: COLUMNS,
        rows: rows.0,
    }
}

fn losses(status: &HostStatus, rows: &mut Rows) {
    let all = bad(status.lost);
    rows.add("lost", "calls in all", all, "", Tone::Plain);
    for (why, count) in &status.lost_because {
        rows.add("lost", why, bad(*count), "", Tone::Plain);
    }
    for (what, count) in &status.missed {
        rows.add("missed", what, bad(*count), "", Tone::Plain);
    }
    let outside = counted(status.unwatched_calls, Tone::Plain);
    let what = "calls outside of what is watched";
    rows.add("lost", what, outside, "", Tone::Plain);
    let left_out = bad(status.left_out);
    let more = "raise discovery.at_most";
    if status.left_out > 0 {
        rows.add("lost", "services left out", left_out, more, Tone::Warning);
    }
    if status.saves_failed > 0 {
        let failed = bad(status.saves_failed);
        rows.add("lost", "states not kept", failed, "", Tone::Warning);
    }
    if !status.config_is_right {
        let more = "see monitor config check";
        let none = Cell::text("", Tone::Plain);
        rows.add("config", "wrong on disk", none, more, Tone::Bad);
    }
}

fn cost(status: &HostStatus, used: Option<f64>, rows: &mut Rows) {
    let of_core = |share: f64| Cell::number(share, percent(share), Tone::Plain);
    if let Some(used) = used {
        let more = match (status.cpu_allowed, status.cpu_exhausted) {
            (_, true) => "the LSTM has given up all it can".to_owned(),
            (Some(allowed), false) => format!("of {} of one core", percent(allowed)),
            (None, false) => "of one core, without a limit".to_owned(),
        };
        let tone = if status.cpu_exhausted {
            Tone::Warning
        } else {
            Tone::Plain
        };
        rows.add("cost", "CPU lately", of_core(used), &more, tone);
    }
    if status.uptime_s > 0.0 {
        let mean = of_core(status.cpu_s / status.uptime_s);
        rows.add("cost", "CPU since the start", mean, "", Tone::Plain);
    }
    if let Some(bytes) = status.resident_bytes {
        let count = counted(bytes >> 20, Tone::Plain);
        rows.add("cost", "memory", count, "MiB", Tone::Plain);
    }
    let share = of_core(status.model_share);
    let what = "calls that the LSTM is shown";
    rows.add("cost", what, share, "of those that ask", Tone::Plain);
}

fn output(it: &OutputStatus, rows: &mut Rows) {
    let (state, tone) = match it.state {
        OutputState::Ok if it.dropped == 0 => ("ok", Tone::Plain),
        OutputState::Ok => ("ok, with gaps", Tone::Warning),
        OutputState::Failing => ("failing", Tone::Bad),
        OutputState::Blocked => ("blocked", Tone::Bad),
        OutputState::Closed => ("closed", Tone::Dim),
        OutputState::Ended => ("ended", Tone::Bad),
    };
    let mut more = state.to_owned();
    for (count, what) in [(it.queued, "wait"), (it.dropped, "never written")] {
        if count > 0 {
            more += &format!(", {} {what}", grouped(count));
        }
    }
    if let Some(error) = &it.error {
        more += &format!(": {error}");
    }
    rows.add(
        "output",
        &it.name,
        counted(it.written, Tone::Plain),
        &more,
        tone,
    );
}
