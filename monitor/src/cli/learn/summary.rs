//! What learning came to.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Result;
use monitor::detect::cusum::CLIP;
use monitor::profile::budget::{self, Budget, Support};
use monitor::profile::{Profile, novelty::NoveltyStretch};
use monitor::report::text::grouped;
use monitor::trace::error::shown;
use serde::Serialize;

use crate::cli::Format;
use crate::cli::judge::{span, unsupported};

/// Everything that is told, as the JSON has it.
#[derive(Serialize)]
pub struct Summary {
    calls: u64,
    threads: u64,
    lost: u64,
    seconds: f64,
    settled: bool,
    settled_after_calls: Option<u64>,
    settled_after_s: Option<f64>,
    novelty: Vec<Novelty>,
    different_calls: usize,
    names: usize,
    sequences: usize,
    not_learned: u64,
    weight: f64,
    held_out: HeldOut,
    budget: String,
    thresholds: Thresholds,
    expected: Expected,
    classes: Vec<OfClass>,
    #[serde(skip)]
    asked: Budget,
    #[serde(skip)]
    support: Support,
    profile: File,
}

#[derive(Serialize)]
struct Novelty {
    calls: u64,
    per_thousand: f64,
}

#[derive(Serialize)]
struct HeldOut {
    calls: u64,
    runs: u64,
    asked: u64,
    begun_once: u64,
    begun_before: u64,
}

#[derive(Serialize)]
struct Thresholds {
    sequence: f64,
    drift: f64,
    first_seen: f64,
}

#[derive(Serialize)]
struct Expected {
    events: f64,
    seconds: f64,
    accepted: f64,
}

#[derive(Serialize)]
struct OfClass {
    class: &'static str,
    reported: bool,
    expected_per_day: f64,
    more_s: f64,
}

#[derive(Serialize)]
struct File {
    path: String,
    sha256: String,
}

impl Summary {
    /// What is to be told of a profile that was written to `path`.
    pub fn new(profile: &Profile, budget: &Budget, path: &Path, sha256: String) -> Self {
        let (thresholds, support) = budget::thresholds(profile, budget);
        let settled = profile.novelty.settled(profile.known.sightings());
        let provenance = &profile.provenance;
        let mut calls = 0;
        let novelty = profile.novelty.stretches().iter().map(|stretch| {
            calls += stretch.calls;
            Novelty {
                calls,
                per_thousand: NoveltyStretch::per_thousand(stretch),
            }
        });
        let held_out = &profile.held_out;
        Self {
            novelty: novelty.collect(),
            calls: provenance.calls(),
            threads: provenance.lives(),
            lost: provenance.origins.iter().map(|origin| origin.lost).sum(),
            seconds: provenance.seconds(),
            settled: settled.is_some(),
            settled_after_calls: settled.map(|it| it.calls),
            settled_after_s: settled.map(|it| it.seconds),
            different_calls: profile.vocabulary.calls().len(),
            names: profile.known.names().len(),
            sequences: profile.ngram.len(),
            not_learned: profile.ngram.uncounted(),
            weight: profile.mixture.weight,
            held_out: HeldOut {
                calls: held_out.calls,
                runs: held_out.runs,
                asked: held_out.asked,
                begun_once: held_out.begun_once,
                begun_before: held_out.begun_before,
            },
            budget: budget.to_string(),
            thresholds: Thresholds {
                sequence: thresholds.sequence,
                drift: thresholds.drift,
                first_seen: thresholds.first_seen,
            },
            expected: Expected {
                events: support.expected,
                seconds: support.seconds,
                accepted: support.accepted,
            },
            classes: support
                .classes
                .iter()
                .map(|it| OfClass {
                    class: it.class.words(),
                    reported: it.reported,
                    expected_per_day: it.expected / support.seconds * 86_400.0,
                    more_s: it.more_s,
                })
                .collect(),
            asked: *budget,
            support,
            profile: File {
                path: shown(path),
                sha256,
            },
        }
    }

    /// Writes it to standard output.
    pub fn print(&self, format: Format) -> Result<()> {
        let mut out = io::stdout().lock();
        match format {
            Format::Json => {
                serde_json::to_writer(&mut out, self)?;
                writeln!(out)?;
            }
            Format::Text => write!(out, "{}", self.text()?)?,
        }
        Ok(())
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let calls = grouped(self.calls);
        writeln!(
            text,
            "Learned {calls} calls of {} threads in {}, {} lost",
            grouped(self.threads),
            span(self.seconds),
            grouped(self.lost)
        )?;
        writeln!(
            text,
            "  service    {} different calls, {} process names, {} sequences of up to 6 calls",
            self.different_calls,
            self.names,
            grouped(self.sequences as u64)
        )?;
        if self.not_learned > 0 {
            let left_out = grouped(self.not_learned);
            writeln!(
                text,
                "  left out   {left_out} calls' sequences: the profile is full"
            )?;
        }
        let rates: Vec<f64> = self.novelty.iter().map(|it| it.per_thousand).collect();
        let (first, last) = (rates.first(), rates.last());
        writeln!(
            text,
            "  novelty    {} {:.1} to {:.2} new sequences per thousand calls",
            sparkline(&rates),
            first.unwrap_or(&0.0),
            last.unwrap_or(&0.0)
        )?;
        match (self.settled_after_calls, self.settled_after_s) {
            (Some(after), Some(seconds)) => writeln!(
                text,
                "  settled    after {} calls ({})",
                grouped(after),
                span(seconds)
            )?,
            _ => writeln!(
                text,
                "  settled    not yet: record at least as long again, by --update"
            )?,
        }
        let held_out = &self.held_out;
        writeln!(
            text,
            "  validated  on {} calls of {} runs, each left out in turn; the LSTM was asked {} \
             times and weighs {:.0}%",
            grouped(held_out.calls),
            grouped(held_out.runs),
            grouped(held_out.asked),
            100.0 * (1.0 - self.weight)
        )?;
        if held_out.begun_once > 0 {
            writeln!(
                text,
                "             {} kinds of thread were seen to begin once, which validates nothing: \
                 record a restart",
                held_out.begun_once
            )?;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small"
        )]
        let breaks = (self.thresholds.sequence / f64::from(CLIP)).ceil() as u64;
        writeln!(
            text,
            "  budget     {}; {} expected",
            self.budget,
            expected(&self.support)
        )?;
        let words = |reported: bool| -> Vec<&str> {
            let classes = self.classes.iter().filter(|it| it.reported == reported);
            classes.map(|it| it.class).collect()
        };
        let reported = words(true);
        writeln!(
            text,
            "  reported   {}{}{} different transitions never learned close together",
            reported.join(", "),
            if reported.is_empty() { "" } else { "; " },
            grouped(breaks)
        )?;
        let missing = words(false);
        if !missing.is_empty() {
            writeln!(text, "  not alone  {}", missing.join(", "))?;
        }
        if let Some(words) = unsupported(&self.asked, &self.support) {
            writeln!(text, "             {words}")?;
        }
        let File { path, sha256 } = &self.profile;
        writeln!(text, "  profile    {path}, sha256 {}", &sha256[..12])?;
        Ok(text)
    }
}

/// How often a false alarm is expected, in words that somebody can act on.
pub fn expected(support: &Support) -> String {
    let each = support.seconds / support.expected.max(f64::MIN_POSITIVE);
    if each < 366.0 * 86_400.0 {
        format!("a false alarm every {}", span(each))
    } else {
        "hardly a false alarm in a year".into()
    }
}

/// Rates as bars, on a logarithmic scale from 0.1 to 1000.
fn sparkline(rates: &[f64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let bar = |&rate: &f64| {
        let level = (rate.max(0.1).log10() + 1.0) / 4.0 * 7.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 7"
        )]
        let level = level.round().clamp(0.0, 7.0) as usize;
        BARS[level]
    };
    rates.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn novelty_is_drawn_from_a_tenth_to_a_thousand() {
        assert_eq!(sparkline(&[1000.0, 100.0, 10.0, 1.0, 0.1, 0.0]), "█▆▅▃▁▁");
    }
}
