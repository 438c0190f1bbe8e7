//! The README's table: one row per service.

use super::share::Share;
use super::targets::targets;
use super::totals::{Alarms, Totals};
use super::{ByDetector, Suite};

/// The table, how to read it, and the targets. Markdown.
#[must_use]
pub fn table(suite: &Suite) -> String {
    let mut text = format!(
        "Measured on {}, {} ({} CPUs), Linux {}, monitor {}, model `{}`, by `{}`.",
        suite.date,
        plain(&suite.machine.cpu),
        suite.machine.cpus,
        plain(&suite.kernel),
        plain(&suite.monitor),
        plain(&suite.model),
        plain(&suite.command),
    );
    if suite.short {
        text += " This was the short form: a check of the suite, not a result.";
    }
    text += "\nWhere three figures stand in a cell: the monitor / \"a call never seen before\" / \
             STIDE.\n\n";
    text += "| Service | Calls learned | Settled after | Attacks detected | Mimicry detected | \
             Median delay, calls | Median delay, ms | False alarms per million calls | per hour | \
             Per million calls after an upgrade | per hour |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for service in &suite.services {
        let learned = &service.learned;
        let settled = match (learned.settled_after_calls, learned.settled_after_s) {
            (None, None) => "not settled".to_owned(),
            (Some(calls), None) => format!("{} calls", grouped(calls)),
            (None, Some(seconds)) => format!("{seconds:.0} s"),
            (Some(calls), Some(seconds)) => format!("{} calls, {seconds:.0} s", grouped(calls)),
        };
        let name = format!("{} {}", plain(&service.name), plain(&service.version));
        let totals = Totals::by_detector(std::slice::from_ref(service));
        text += &row(&name, &grouped(learned.calls), &settled, &totals);
    }
    let learned = suite.services.iter().map(|it| it.learned.calls).sum();
    let totals = Totals::by_detector(&suite.services);
    text += &row("**all**", &grouped(learned), "", &totals);
    text += &figures(&totals);
    text += "\nA rate of no alarm is given as what it is below with 95% confidence. \
             Delays are of the attacks that the detector detected, mimicry apart.\n\n\
             | Target | | Found |\n|---|---|---|\n";
    for target in targets(suite) {
        text += &format!(
            "| {} | {} | {} |\n",
            target.target,
            target.shown.name(),
            target.found
        );
    }
    text
}

/// All services together, with 95% intervals.
fn figures(totals: &ByDetector<Totals>) -> String {
    let mut text =
        "\n| All services, exact 95% intervals | The monitor | A call never seen before \
                    | STIDE |\n\
                    |---|---|---|---|\n"
            .to_owned();
    let mut shares = |name: &str, share: &dyn Fn(&Totals) -> Share| {
        let words = totals.each().map(|it| share(it).words());
        text += &format!("| {name} | {} |\n", words.join(" | "));
    };
    shares(
        "attacks detected that leave a trace in calls, mimicry apart",
        &|it| it.traced,
    );
    shares("of these, by what calls touch", &|it| it.touching);
    shares("of these, the others", &|it| it.calling);
    shares("mimicry detected", &|it| {
        Share::new(it.mimicry_detected, it.mimicry)
    });
    let delays = totals.each().map(|it| {
        let [median, longest] = [it.median_delay_ms, it.longest_delay_ms].map(figure);
        format!("{median} ms; {longest} ms")
    });
    text += &format!("| delay, median and longest | {} |\n", delays.join(" | "));
    let ours = &totals.monitor;
    if let (Some(median), Some(most)) = (ours.median_messages, ours.most_messages) {
        text += &format!(
            "| messages to a person for an attack detected, median and most | {median}; {most} | | \
             |\n"
        );
    }
    for (name, incidents) in [
        (
            "false incidents per million calls, upgrade apart",
            &ours.incidents_outside_upgrade,
        ),
        ("the same after an upgrade", &ours.incidents_inside_upgrade),
    ] {
        if let Some(incidents) = incidents {
            text += &format!(
                "| {name} | {} in {:.1} million: {} (at most {}) | | |\n",
                incidents.alarms,
                incidents.calls as f64 / 1e6,
                figure(incidents.per_million),
                figure(incidents.per_million_at_most),
            );
        }
    }
    text
}

fn row(name: &str, learned: &str, settled: &str, totals: &ByDetector<Totals>) -> String {
    let cell = |show: &dyn Fn(&Totals) -> String| totals.each().map(show).join(" / ");
    let of = totals.monitor.attacks;
    let of_mimicry = totals.monitor.mimicry;
    let cells = [
        name.to_owned(),
        learned.to_owned(),
        settled.to_owned(),
        format!("{} of {of}", cell(&|it| it.detected.to_string())),
        format!(
            "{} of {of_mimicry}",
            cell(&|it| it.mimicry_detected.to_string())
        ),
        cell(&|it| figure(it.median_delay_calls)),
        cell(&|it| figure(it.median_delay_ms)),
        cell(&|it| per_million(&it.outside_upgrade)),
        cell(&|it| per_hour(&it.outside_upgrade)),
        cell(&|it| per_million(&it.inside_upgrade)),
        cell(&|it| per_hour(&it.inside_upgrade)),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// False alarms per million calls.
pub(super) fn per_million(alarms: &Alarms) -> String {
    rate(
        alarms.alarms,
        alarms.per_million,
        alarms.per_million_at_most,
    )
}

/// False alarms per hour.
pub(super) fn per_hour(alarms: &Alarms) -> String {
    rate(alarms.alarms, alarms.per_hour, alarms.per_hour_at_most)
}

fn rate(alarms: u64, rate: Option<f64>, most: Option<f64>) -> String {
    match (alarms, most) {
        (0, Some(_)) => format!("< {}", figure(most)),
        _ => figure(rate),
    }
}

/// A figure to three digits; a dash for none.
pub(super) fn figure(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(value) => {
            let digits = 2 - value.abs().log10().floor().clamp(-4.0, 2.0) as i32;
            format!("{value:.*}", digits as usize)
        }
    }
}

/// A count with its thousands set apart.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Text that a program chose, in a cell of a table: what is not printable ASCII or means something
/// in Markdown is escaped.
pub(super) fn plain(text: &str) -> String {
    let mut shown = String::new();
    for character in text.trim().chars() {
        match character {
            '|' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '\\' | '#' => {
                shown.extend(['\\', character]);
            }
            ' '..='~' => shown.push(character),
            other => shown.extend(other.escape_default().flat_map(|it| {
                let escape = (it == '\\').then_some('\\');
                escape.into_iter().chain([it])
            })),
        }
    }
    shown
}
