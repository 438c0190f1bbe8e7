//! The services of the host.

use super::{bad, score};
use crate::guard::board::{HostStatus, ServiceStatus};
use crate::report::text::grouped;
use crate::service::life::State;
use crate::top::sheet::{Cell, Column, Row, Sheet, Tone};

const COLUMNS: &[Column] = &[
    Column::text("SERVICE", 0),
    Column::text("STATE", 10),
    Column::number("CALLS/S", 8),
    Column::number("SCORE", 10),
    Column::number("NOVELTY", 7),
    Column::number("INCIDENTS", 9),
    Column::number("LOST", 6),
];

/// The column that the services are sorted by at first: the score.
pub const SORTED_BY: usize = 3;

/// Their table.
#[must_use]
pub fn sheet(status: &HostStatus) -> Sheet {
    Sheet {
        columns: COLUMNS,
        rows: status.services.iter().map(row).collect(),
    }
}

fn row(it: &ServiceStatus) -> Row {
    let tone = match it.blind_since_s {
        _ if it.paused => Tone::Warning,
        Some(_) => Tone::Bad,
        None => of_state(it.state),
    };
    let novelty = match it.novelty {
        Some(novelty) => Cell::number(novelty, format!("{novelty:.1}"), Tone::Plain),
        None => Cell::number(-1.0, "-", Tone::Dim),
    };
    let (opened, open) = it.incidents;
    #[expect(clippy::cast_precision_loss, reason = "for sorting")]
    let incidents = match open {
        0 => Cell::number(opened as f64, grouped(opened), Tone::Dim),
        // Those that are open come first.
        _ => Cell::number(
            1e12 * open as f64 + opened as f64,
            format!("{} open", grouped(open)),
            Tone::Bad,
        ),
    };
    Row {
        key: it.service.clone(),
        cells: vec![
            Cell::text(it.service.as_str(), Tone::Plain),
            Cell::text(it.word(), tone),
            Cell::number(
                it.calls_per_second,
                rate(it.calls_per_second),
                if it.calls_per_second < 0.05 {
                    Tone::Dim
                } else {
                    Tone::Plain
                },
            ),
            score(it.nearest.as_ref()),
            novelty,
            incidents,
            bad(it.lost),
        ],
    }
}

/// Calls a second.
#[must_use]
pub fn rate(calls: f64) -> String {
    if calls >= 100.0 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate"
        )]
        let whole = calls.round() as u64;
        return grouped(whole);
    }
    format!("{calls:.1}")
}

fn of_state(state: State) -> Tone {
    match state {
        State::Watching => Tone::Good,
        State::Changed | State::Unsettled | State::Settled => Tone::Warning,
        State::New | State::Learning | State::Validating => Tone::Plain,
    }
}
