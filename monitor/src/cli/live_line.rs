//! One line on the terminal that shows how the run stands.

use std::io;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use monitor::detect::verdict::Verdict;
use monitor::report::sink::{Interest, Sink};
use monitor::report::text::{counted, grouped, percent};
use monitor::run::snapshot::{Snapshot, Summary};
use monitor::run::usage::cpu_time;

/// Shows threads, calls, losses and surprise on standard error, and is gone at the end.
pub struct LiveLine {
    bar: ProgressBar,
    before: (Duration, u64),
    cpu: Duration,
}

impl LiveLine {
    /// A line on standard error; nothing is drawn where that is no terminal.
    #[must_use]
    pub fn stderr() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
            bar.set_style(style);
        }
        Self {
            bar,
            before: (Duration::ZERO, 0),
            cpu: cpu_time(),
        }
    }

    /// The line itself, for [`monitor::report::output::Output::beside`].
    #[must_use]
    pub fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    fn line(&mut self, now: &Snapshot) -> String {
        let counters = &now.counters;
        let seconds = now.elapsed.saturating_sub(self.before.0).as_secs_f64();
        let calls = counters.calls.saturating_sub(self.before.1) as f64;
        self.before = (now.elapsed, counters.calls);
        let rate = if seconds > 0.0 { calls / seconds } else { 0.0 };
        let threads = now.source.threads.unwrap_or(counters.open_threads);
        let nats = |mean: Option<f64>| mean.map_or("-".into(), |mean| format!("{mean:.2}"));
        // What matters most comes first: a narrow terminal cuts the end off.
        let mut line = format!(
            "{}  {}  {} calls/s  {} lost  surprise {} now, {} highest  {}  {} scored",
            counted(counters.alarms, "alarm"),
            counted(threads, "thread"),
            grouped(rate.round() as u64),
            grouped(now.lost_calls()),
            nats(counters.current_mean),
            nats(counters.highest_mean),
            counted(counters.calls, "call"),
            grouped(counters.scored),
        );
        if let Some(share) = counters.model_share() {
            line += &format!("  LSTM saw {}", percent(share));
        }
        if let Some(allowed) = now.cpu_allowed {
            let cpu = cpu_time();
            let used = cpu.saturating_sub(self.cpu).as_secs_f64();
            self.cpu = cpu;
            let used = if seconds > 0.0 { used / seconds } else { 0.0 };
            line += &format!("  CPU {:.0}% of {:.0}%", 100.0 * used, 100.0 * allowed);
        }
        line
    }
}

impl Sink for LiveLine {
    fn interest(&self) -> Interest {
        Interest {
            summary: true,
            ..Interest::STATUS
        }
    }

    fn verdict(&mut self, _: &Verdict) -> io::Result<()> {
        Ok(())
    }

    fn status(&mut self, snapshot: &Snapshot) -> io::Result<()> {
        let line = self.line(snapshot);
        self.bar.set_message(line);
        self.bar.tick();
        Ok(())
    }

    fn summary(&mut self, _: &Summary) -> io::Result<()> {
        self.bar.finish_and_clear();
        Ok(())
    }
}

impl Drop for LiveLine {
    // A run that fails has no summary.
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests;
