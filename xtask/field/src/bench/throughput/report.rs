//! The figures as tables.

use super::Report;
use support::spread::Spread;

fn shown(spread: Spread, digits: usize) -> String {
    format!(
        "{:.digits$} ({:.digits$} to {:.digits$})",
        spread.median, spread.quartiles[0], spread.quartiles[1]
    )
}

impl Report {
    /// As the section of a page.
    pub fn markdown(&self) -> String {
        let (capture, told) = (&self.capture, &self.capture.told);
        let mut text = format!(
            "Measured by `cargo xtask bench throughput --rounds {} --seconds {}` on {}; medians \
             (first to third quartile).\n\n\
             **Capture.** In {:.0} s one thread made {:.0} calls/s. {} were received and {} lost; \
             the thread that reads and decodes used {:.2} of a core.\n\n\
             **Stages.**\n\n| stage | ns of CPU time a call | share of a core at 100,000 calls/s \
             |\n| --- | --- | --- |\n",
            self.rounds,
            self.seconds,
            self.machine.sentence(),
            capture.seconds,
            capture.made,
            told.received,
            told.lost,
            told.reader_seconds / capture.seconds
        );
        for stage in &self.stages {
            let share = stage.ns.median * 1e5 / 1e9 * 100.0;
            text += &format!(
                "| {} | {} | {share:.2}% |\n",
                stage.name,
                shown(stage.ns, 1)
            );
        }
        text += "\n**From a call to its verdict.** A call's age is counted from the first call of \
                 its window, so these are upper bounds; the flush interval is the default, 100 \
                 ms.\n\n\
                 | calls/s | judged by | median, ms | 99th percentile, ms | not judged | lost |\n| \
                 --- | --- | --- | --- | --- | --- |\n";
        for it in &self.latencies {
            let judge = match it.engine {
                "model" => "general model",
                _ => "profile",
            };
            let unscored = it.unscored.median * 100.0;
            text += &format!(
                "| {} | {judge} | {} | {} | {unscored:.1}% | {} |\n",
                it.rate,
                shown(it.median_ms, 1),
                shown(it.p99_ms, 1),
                it.lost
            );
        }
        text
    }
}
