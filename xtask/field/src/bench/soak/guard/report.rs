//! What a soak of a guard found.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::Attack;
use super::counted::Life;
use super::incidents::Replays;
use super::sample::{Counters, Sample};
use support::machine::Machine;

/// All of it.
#[derive(Debug, Serialize)]
pub struct Report {
    pub format: u32,
    pub machine: Machine,
    pub minutes: f64,
    pub services: u32,
    pub samples: Vec<Sample>,
    pub lives: Vec<Life>,
    pub attacks: Vec<Attack>,
    pub counters: Counters,
    pub replays: Replays,
    /// How the host stood at the end.
    pub status: Value,
}

impl Report {
    /// As text for a page.
    pub fn markdown(&self) -> String {
        let of = |pick: fn(&Sample) -> u64| self.samples.iter().map(pick);
        let (made, counted, lost) = self.lives.iter().fold((0, 0, 0), |sum, it| {
            (sum.0 + it.made, sum.1 + it.counted, sum.2 + it.lost)
        });
        let seconds = self.minutes * 60.0;
        let last = self.samples.last();
        let calls = last.map_or(0.0, |it| it.calls as f64 / (it.minute * 60.0));
        let cpu = last.map_or(0.0, |it| it.cpu_s / seconds);
        let noticed = self.attacks.iter().filter(|it| it.alarms > 0).count();
        let mut text = format!(
            "{:.1} minutes over {} services that made {calls:.0} calls/s together, on {}. The \
             guard took {:.0}% of a core.\n\n\
             | | after a tenth | at the end | at most |\n|---|--:|--:|--:|\n",
            self.minutes,
            self.services,
            self.machine.sentence(),
            cpu * 100.0,
        );
        let mut row = |what: &str, pick: fn(&Sample) -> u64, unit: f64| {
            let all: Vec<_> = of(pick).map(|it| it as f64 / unit).collect();
            let tenth = all.get(all.len() / 10).copied().unwrap_or(0.0);
            let end = all.last().copied().unwrap_or(0.0);
            let most = all.iter().copied().fold(0.0, f64::max);
            let _ = writeln!(text, "| {what} | {tenth:.1} | {end:.1} | {most:.1} |");
        };
        row("resident memory, MiB", |it| it.resident_kib, 1024.0);
        row("of it of no file, MiB", |it| it.anonymous_kib, 1024.0);
        row("descriptors", |it| it.descriptors, 1.0);
        row("threads of the guard", |it| it.threads, 1.0);
        row("services watched", |it| it.watching, 1.0);
        let mut beyond: Vec<_> = self.lives.iter().map(|it| it.beyond()).collect();
        beyond.sort_unstable();
        let (least, most) = (beyond.first().unwrap_or(&0), beyond.last().unwrap_or(&0));
        let _ = write!(
            text,
            "\n{} lives of services whose calls are known made {made}; seen and lost together are \
             {counted}, {lost} of them lost: between {least} and {most} a life more, for its start \
             and end. Of {} counters in {} scrapes, {} fell. {} of {} attacks raised alarms, in {} \
             incidents; {} of their alarms gave their scores again to the bit, {} did not.\n",
            self.lives.len(),
            self.counters.count(),
            self.counters.scrapes(),
            self.counters.fell.len(),
            noticed,
            self.attacks.len(),
            self.replays.incidents,
            self.replays.same,
            self.replays.others.len(),
        );
        text
    }
}
