//! How a run went, for a person.

use std::fmt::Write as _;
use std::io;

use crate::detect::counters::Counters;
use crate::detect::verdict::TELLING_NATS;
use crate::detect::verdict::Verdict;
use crate::report::output::Output;
use crate::report::sink::{Interest, Sink};
use crate::report::text::{call_name, expectation, grouped, percent};
use crate::run::snapshot::{ModelIdentity, Snapshot, Summary};

/// Calls of a stretch that are shown.
const MOST_CALLS: usize = 5;

/// Writes the summary at the end of a run, and nothing before.
pub struct SummaryText {
    output: Output,
    model: Option<ModelIdentity>,
}

impl SummaryText {
    /// Writes to `output`; `model` is `None` in a run that scores nothing.
    #[must_use]
    pub fn new(output: Output, model: Option<ModelIdentity>) -> Self {
        Self { output, model }
    }
}

impl Sink for SummaryText {
    fn interest(&self) -> Interest {
        Interest {
            least: None,
            incidents: false,
            alarms: false,
            aftermath: false,
            thread_ends: false,
            status: false,
            summary: true,
        }
    }

    fn verdict(&mut self, _: &Verdict) -> io::Result<()> {
        Ok(())
    }

    fn summary(&mut self, summary: &Summary) -> io::Result<()> {
        let text = text(summary, self.model.as_ref());
        self.output.write(text.as_bytes())
    }
}

/// The summary as lines.
#[must_use]
pub fn text(summary: &Summary, model: Option<&ModelIdentity>) -> String {
    let snapshot = &summary.snapshot;
    let counters = &snapshot.counters;
    let seconds = snapshot.elapsed.as_secs_f64();
    let mut text = format!("Summary after {seconds:.1} s\n");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(text, "  {name:<9} {value}");
    };
    let rate = (counters.calls as f64 / seconds.max(1e-9)).round() as u64;
    let calls = format!("{} ({}/s)", grouped(counters.calls), grouped(rate));
    if model.is_some() {
        row(
            "calls",
            format!("{calls}, {} scored", grouped(counters.scored)),
        );
    } else {
        row("calls", calls);
    }
    row("threads", grouped(counters.threads));
    if let Some(attachment) = snapshot.source.attachment {
        row("attached", format!("by {attachment}"));
    }
    row("lost", losses(snapshot));
    for (what, count) in &snapshot.source.missed {
        row("missed", format!("{} {what}", grouped(*count)));
    }
    if counters.evicted > 0 {
        let count = grouped(counters.evicted);
        row(
            "evicted",
            format!("{count} threads forgotten: the table of threads was full"),
        );
    }
    if model.is_some() {
        row("incidents", grouped(snapshot.incidents.0));
        row("alarms", alarms(counters));
        if counters.blind_ns > 0 {
            let seconds = counters.blind_ns as f64 / 1e9;
            row(
                "blind",
                format!("for {seconds:.1} s calls were lost faster than they could be judged"),
            );
        }
        row("coverage", coverage(snapshot));
        if let Some(highest) = counters.highest_mean {
            row(
                "surprise",
                format!("highest score {highest:.2} nats a call"),
            );
        }
    }
    for output in snapshot.outputs.iter().filter(|it| it.has_failed()) {
        let mut told = format!("{}: {} not written", output.name, grouped(output.dropped));
        if let Some(error) = &output.error {
            let _ = write!(told, " ({error})");
        }
        row("output", told);
    }
    if counters.io_uring_enter > 0 || counters.io_uring_submitted > 0 {
        let count = grouped(counters.io_uring_enter);
        let submitted = counters.io_uring_submitted;
        let text = if submitted == 0 {
            format!("{count} io_uring_enter calls: nothing that they submitted was visible")
        } else {
            let submitted = grouped(submitted);
            format!("{count} io_uring_enter calls, and {submitted} operations submitted")
        };
        row("io_uring", text);
    }
    if let Some(model) = model {
        let sha256 = model.sha256.get(..12).unwrap_or(&model.sha256);
        let mut judges = format!("{}, sha256 {sha256}", model.name);
        let (slow, fast) = (model.slow_threshold, model.fast_threshold);
        if slow.is_finite() || fast.is_finite() {
            let _ = write!(judges, ", thresholds {slow:.2} slow, {fast:.2} fast");
        }
        row("model", judges);
    }
    if model.is_some()
        && let Some(share) = counters.model_share()
    {
        row("LSTM", seen_by_model(share, counters));
    }
    if let Some(profile) = model.and_then(|model| model.profile.as_ref()) {
        row(
            "profile",
            format!(
                "sha256 {}{}, thresholds {:.2} never seen before, {:.1} sequences never learned",
                profile.sha256.get(..12).unwrap_or(&profile.sha256),
                if profile.adapted { ", adapting" } else { "" },
                profile.first_seen_threshold,
                profile.sequence_threshold
            ),
        );
    }
    let cpu = summary.cpu.as_secs_f64();
    let mut cost = format!("{cpu:.2} s of the monitor itself");
    // Starting up costs some that a short run would seem to have cost.
    if seconds >= 1.0 {
        let _ = write!(cost, ", {:.1}% of one core", 100.0 * cpu / seconds);
        if let Some(allowed) = snapshot.cpu_allowed {
            let _ = write!(cost, " of {:.0}% allowed", 100.0 * allowed);
            if snapshot.cpu_exhausted && cpu > seconds * allowed {
                cost += "; what every call needs takes more than that, with hardly any LSTM";
            }
        }
    }
    row("CPU time", cost);
    text.push_str(&stretches(counters));
    text
}

/// The most surprising stretches of a run that nothing was learned for, with what was expected in
/// their place.
fn stretches(counters: &Counters) -> String {
    let mut text = String::new();
    for stretch in &counters.stretches {
        let _ = writeln!(
            text,
            "Unusual to the general model: {} (pid {}), {:.2} nats a call",
            stretch.comm, stretch.thread.tgid, stretch.score
        );
        let mut calls: Vec<_> = stretch.surprising.iter().collect();
        calls.retain(|call| call.surprise >= TELLING_NATS);
        calls.sort_by(|a, b| b.surprise.total_cmp(&a.surprise));
        calls.truncate(MOST_CALLS);
        calls.sort_by_key(|call| call.seq);
        for call in calls {
            let name = call_name(call.call);
            let _ = writeln!(
                text,
                "  {name:<20} expected {}",
                expectation(&call.expected)
            );
        }
    }
    text
}

fn alarms(counters: &Counters) -> String {
    let mut text = grouped(counters.alarms);
    if counters.alike > 0 {
        let _ = write!(text, ", and {} more like them", grouped(counters.alike));
    }
    if counters.suppressed > 0 {
        let _ = write!(
            text,
            ", and {} more suppressed by the limit per minute",
            grouped(counters.suppressed)
        );
    }
    text
}

/// What the LSTM saw of all calls, and of those that asked for it.
fn seen_by_model(share: f64, counters: &Counters) -> String {
    let mut text = format!("saw {} of the calls", percent(share));
    if counters.answered < counters.asked {
        let _ = write!(
            text,
            ": {} of the {} that asked for it, to keep to --cpu",
            percent(counters.answered as f64 / counters.asked as f64),
            grouped(counters.asked)
        );
    }
    text
}

fn losses(snapshot: &Snapshot) -> String {
    let unscored = snapshot.unscored;
    let named = snapshot.source.lost.iter().copied();
    let mut reasons: Vec<_> = named
        .chain([
            ("not scored in time", unscored.calls),
            (
                "forks, execs and exits not taken in time",
                unscored.lifecycle,
            ),
        ])
        .filter(|&(_, count)| count > 0)
        .map(|(reason, count)| format!("{reason} {}", grouped(count)))
        .collect();
    if snapshot.counters.gaps > 0 {
        reasons.push(format!(
            "{} gaps in threads",
            grouped(snapshot.counters.gaps)
        ));
    }
    let lost = snapshot.lost_calls();
    if reasons.is_empty() {
        grouped(lost)
    } else {
        format!("{}: {}", grouped(lost), reasons.join(", "))
    }
}

fn coverage(snapshot: &Snapshot) -> String {
    let coverage = &snapshot.counters.coverage;
    let all = coverage.by_name + coverage.by_meaning + coverage.unmapped;
    if all == 0 {
        return "no call yet".into();
    }
    let share = |part: u64| 100.0 * part as f64 / all as f64;
    let mut text = format!(
        "{:.1}% of the calls mapped by name, {:.1}% by meaning, {:.1}% not at all",
        share(coverage.by_name),
        share(coverage.by_meaning),
        share(coverage.unmapped)
    );
    let commonest: Vec<_> = coverage
        .commonest_unmapped
        .iter()
        .map(|&(call, count)| format!("{} {}", call_name(call), grouped(count)))
        .collect();
    if !commonest.is_empty() {
        let _ = write!(text, " ({})", commonest.join(", "));
    }
    text
}

#[cfg(test)]
mod tests;
