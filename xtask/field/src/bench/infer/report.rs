//! What was measured, as JSON and as a table.

use serde::Serialize;

use support::machine::Machine;
use support::spread::Spread;

/// One case.
#[derive(Debug, Serialize)]
pub struct Row {
    pub threads: usize,
    pub calls: usize,
    /// Through `Detector::push` and `Detector::score`.
    pub detector: Spread,
    /// The plain loop.
    pub plain: Spread,
    /// Median of the rounds' ratios, detector by loop.
    pub ratio: f64,
    /// The largest difference of their surprises, nats.
    pub difference: f32,
}

/// All that was measured.
#[derive(Serialize)]
pub struct Report<'a> {
    pub format: u32,
    pub model: &'a str,
    pub model_sha256: &'a str,
    pub parameters: u64,
    pub machine: Machine,
    pub rounds: u32,
    pub milliseconds: u64,
    pub rows: &'a [Row],
}

impl Report<'_> {
    /// The table for people.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "Measured by `cargo xtask bench infer --rounds {} --milliseconds {}` with the model \
             `{}` ({} parameters) on {}; microseconds a call, medians (first to third quartile), \
             and the median of the rounds' ratios.\n\n\
             | threads at once | calls of each | detector, us | plain loop, us | ratio |\n| --- | \
             --- | --- | --- | --- |\n",
            self.rounds,
            self.milliseconds,
            self.model,
            self.parameters,
            self.machine.sentence()
        );
        let shown = |s: &Spread| {
            format!(
                "{:.2} ({:.2} to {:.2})",
                s.median, s.quartiles[0], s.quartiles[1]
            )
        };
        for row in self.rows {
            text += &format!(
                "| {} | {} | {} | {} | {:.2} |\n",
                row.threads,
                row.calls,
                shown(&row.detector),
                shown(&row.plain),
                row.ratio
            );
        }
        text
    }
}
