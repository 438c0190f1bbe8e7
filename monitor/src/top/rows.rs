//! Tables from what a guard answers.

pub mod services;

pub mod threads;

pub mod incidents;

pub mod host;

use super::sheet::{Cell, Tone};
use crate::guard::threads::ScoreStatus;
use crate::report::text::grouped;

/// From this share of its threshold on a score is to be looked at.
const NEAR: f64 = 0.5;

/// A score against its threshold.
fn score(nearest: Option<&ScoreStatus>) -> Cell {
    let Some(it) = nearest else {
        return Cell::number(-1.0, "-", Tone::Dim);
    };
    let ratio = it.ratio();
    let tone = match ratio {
        ratio if ratio > 1.0 => Tone::Bad,
        ratio if ratio >= NEAR => Tone::Warning,
        _ => Tone::Plain,
    };
    let shown = format!("{}/{}", short(it.score), short(it.threshold));
    Cell::number(ratio, shown, tone)
}

/// A number of nats in a few letters.
fn short(nats: f64) -> String {
    match nats {
        nats if nats >= 100.0 => format!("{nats:.0}"),
        nats if nats >= 10.0 => format!("{nats:.1}"),
        nats => format!("{nats:.2}"),
    }
}

/// A count that is bad unless it is 0.
fn bad(count: u64) -> Cell {
    let tone = if count > 0 { Tone::Bad } else { Tone::Dim };
    counted(count, tone)
}

#[expect(clippy::cast_precision_loss, reason = "for sorting")]
fn counted(count: u64, tone: Tone) -> Cell {
    Cell::number(count as f64, grouped(count), tone)
}
