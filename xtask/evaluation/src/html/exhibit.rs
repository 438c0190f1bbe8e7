//! A single trace on the page.

use maud::{Markup, PreEscaped, html};
use monitor::syscall::adfa;

use super::text::{count, plain, three};
use crate::charts;
use crate::exhibit::{Exhibit, peaks, runs};

/// How many calls of an exhibit are written out, calls alike counted once.
const SHOWN_RUNS: usize = 160;

/// A trace with the surprise of every call.
///
/// # Errors
///
/// When its chart cannot be drawn.
pub fn figure(exhibit: &Exhibit) -> anyhow::Result<Markup> {
    let peaks = peaks(&exhibit.surprise, 8, exhibit.calls.len() / 14 + 1);
    let name = |index: u16| adfa::name(index).unwrap_or("no counterpart");
    let marks: Vec<_> = peaks
        .iter()
        .map(|&i| (i, name(exhibit.calls[i]).to_owned()))
        .collect();
    let runs = runs(&exhibit.calls, &exhibit.surprise);
    // What is written out surrounds the highest peak.
    let top = runs
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.most.total_cmp(&b.1.most));
    let start = top.map_or(0, |(i, _)| i.saturating_sub(SHOWN_RUNS / 2));
    let end = (start + SHOWN_RUNS).min(runs.len());
    let calls = runs[start..end].iter().map(|run| {
        let index = exhibit.calls[run.first];
        let (places, times) = match run.calls {
            1 => (format!("call {}", run.first), String::new()),
            n => (
                format!("calls {} to {}", run.first, run.first + n - 1),
                format!(" ×{n}"),
            ),
        };
        let heat = (f64::from(run.most) / 10.0).clamp(0.0, 0.75);
        let shade = format!("background:rgba(var(--heat),{heat:.2})");
        let title = format!(
            "{places}, index {index}: {:.2} to {:.2} nats",
            run.least, run.most
        );
        html! { span style=(shade) title=(title) { (name(index)) (times) } " " }
    });
    let shown = match runs[start..end] {
        [first, .., last] if end - start < runs.len() => format!(
            "Calls {} to {} of {}, around the highest peak:",
            first.first,
            last.first + last.calls - 1,
            exhibit.calls.len()
        ),
        _ => "All its calls:".to_owned(),
    };
    let chart = PreEscaped(charts::along(&exhibit.surprise, exhibit.score, &marks)?);
    Ok(html! {
        figure {
            h3 { (exhibit.why) }
            span.soft {
                code { (plain(&exhibit.name)) } ", " (count(exhibit.calls.len() as u64)) " calls, "
                (three(exhibit.score)) " nats a call"
            }
            (chart)
            figcaption { (shown) " the darker, the more surprising." }
            div.calls { @for call in calls { (call) } }
        }
    })
}
