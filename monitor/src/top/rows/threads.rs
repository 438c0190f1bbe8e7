//! The threads of one service, and the last calls of one of them.

use super::{bad, counted, score};
use crate::guard::threads::{CallStatus, ServiceThreads, ThreadStatus};
use crate::top::sheet::{Cell, Column, Row, Sheet, Tone, Value};

const COLUMNS: &[Column] = &[
    Column::number("TID", 8),
    Column::text("NAME", 15),
    Column::number("CALLS", 9),
    Column::number("LOST", 6),
    Column::number("SCORE", 10),
    Column::text("LAST CALLS", 0),
];

/// The column that the threads are sorted by at first: the score.
pub const SORTED_BY: usize = 4;

/// Calls that stand in a thread's row.
const IN_ROW: usize = 12;

/// From so many nats on a call is to be looked at, and from so many it is bad.
const NATS: (f32, f32) = (3.0, 8.0);

/// Their table.
#[must_use]
pub fn sheet(threads: &ServiceThreads) -> Sheet {
    Sheet {
        columns: COLUMNS,
        rows: threads.threads.iter().map(row).collect(),
    }
}

/// What tells a thread from others while it lives.
#[must_use]
pub fn key(thread: &ThreadStatus) -> String {
    format!("{}/{}", thread.pid, thread.tid)
}

fn row(it: &ThreadStatus) -> Row {
    // The latest first: the end of a narrow row is cut off.
    let latest = it.last.iter().rev().take(IN_ROW);
    let pieces = latest.map(|call| (format!("{} ", call.call), tone(call)));
    let last = Cell {
        value: Value::Text(it.last.last().map(|it| it.call.clone()).unwrap_or_default()),
        pieces: pieces.collect(),
    };
    Row {
        key: key(it),
        cells: vec![
            Cell::number(f64::from(it.tid), it.tid.to_string(), Tone::Plain),
            Cell::text(it.comm.as_str(), Tone::Plain),
            counted(it.calls, Tone::Plain),
            bad(it.lost),
            score(it.nearest.as_ref()),
            last,
        ],
    }
}

/// How surprising a call was.
#[must_use]
pub fn tone(call: &CallStatus) -> Tone {
    match call.nats {
        Some(nats) if nats >= NATS.1 => Tone::Bad,
        Some(nats) if nats >= NATS.0 || call.breaks => Tone::Warning,
        Some(_) => Tone::Plain,
        None => Tone::Dim,
    }
}

/// A call with its surprise, and what was expected in its place.
#[must_use]
pub fn line(call: &CallStatus) -> Vec<(String, Tone)> {
    let tone = tone(call);
    let nats = call
        .nats
        .map_or_else(|| "-".to_owned(), |nats| format!("{nats:.1}"));
    let mut pieces = vec![(format!("{nats:>6}  {:<17} ", call.call), tone)];
    if call.breaks {
        pieces.push(("never made here; ".to_owned(), tone));
    }
    if !call.expected.is_empty() {
        let one = |(name, probability): &(String, f32)| {
            let percent = 100.0 * probability;
            match percent {
                percent if percent < 0.5 => format!("{name} <1%"),
                percent => format!("{name} {percent:.0}%"),
            }
        };
        let all: Vec<_> = call.expected.iter().map(one).collect();
        pieces.push((format!("expected {}", all.join(", ")), Tone::Dim));
    }
    pieces
}
