//! What the user sees of a step: a spinner on a terminal, plain lines elsewhere.

use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A step under way. It shows on stderr.
pub struct Step {
    name: &'static str,
    began: Instant,
    spinner: Option<ProgressBar>,
}

impl Step {
    /// Says that a step is done already, in one line.
    pub fn skip(name: &str, there: &str) {
        eprintln!("  {name}: {there}");
    }

    /// Begins a step: what is done, and why.
    pub fn begin(name: &'static str, what: &str, why: &str) -> Self {
        eprintln!("  {name}: {what} ({why})");
        let spinner = stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            bar.set_style(
                ProgressStyle::with_template("  {spinner} {elapsed} {wide_msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            name,
            began: Instant::now(),
            spinner,
        }
    }

    /// Shows what the step does at the moment. Only a terminal sees it.
    pub fn progress(&self, line: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(line.to_owned());
        }
    }

    /// Ends the step well.
    pub fn done(self, result: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        eprintln!(
            "  {}: {result}, {:.0} s",
            self.name,
            self.began.elapsed().as_secs_f64()
        );
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
