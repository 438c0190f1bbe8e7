//! The page of the calibration.

use std::fmt::Write as _;

use monitor::profile::budget::poisson;
use monitor::profile::class::Class;
use monitor::profile::prior::{Priors, prior};

use super::BUDGETS;
use super::fit::is_shown;
use super::service::{Judged, News};

/// How far what is seen may be from what is asked for.
const FACTOR: f64 = 3.0;

/// The page, in Markdown.
pub fn text(judged: &[Judged], news: &[&News], fitted: &Priors, learned_s: f64) -> String {
    let mut page = String::from(
        "# Calibration\n\nAre the false alarms that are asked for those that come? Written by \
         `cargo xtask calibrate`; do not edit.\n\n",
    );
    let hours: f64 = judged.iter().map(|it| it.hours).sum();
    let calls: u64 = judged.iter().map(|it| it.calls).sum();
    let _ = writeln!(
        page,
        "{} benign services, each learned for its first {:.0} minutes by priors that were fitted \
         on the others, and judged for the rest without learning on: {hours:.1} hours and {calls} \
         calls in all. What counts is incidents as a person is told them. `Expected` is what the \
         profiles' own model says of that time: new things come the more rarely the longer a \
         service is known, so more of them come in the first hours than later, and a budget of one \
         a day is mostly used up in them. Where all that benign life has to offer is reported \
         already, a larger budget changes nothing.\n",
        judged.len(),
        learned_s / 60.0
    );
    budgets(&mut page, judged, hours);
    page.push_str("\n![Asked against seen](plots/calibration.svg)\n\n");
    by_service(&mut page, judged);
    short(&mut page, judged, hours);
    priors(&mut page, news, fitted);
    page
}

fn budgets(page: &mut String, judged: &[Judged], hours: f64) {
    page.push_str(
        "| asked | an hour | seen an hour (95%) | incidents | of these by the order of calls | \
         expected |\n\
         | --- | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for (place, budget) in BUDGETS.iter().enumerate() {
        let seen = incidents(judged, place);
        let expected: f64 = judged.iter().map(|it| it.budgets[place].expected).sum();
        let by_sequence: u64 = judged.iter().map(|it| it.budgets[place].by_sequence).sum();
        let (low, high) = poisson::interval(seen);
        let _ = writeln!(
            page,
            "| {budget} | {:.3} | {:.2} ({:.2} to {:.2}) | {seen} | {by_sequence} | {expected:.1} \
             |",
            per_hour(budget),
            rate(seen, hours),
            low / hours,
            high / hours
        );
    }
}

fn incidents(judged: &[Judged], place: usize) -> u64 {
    judged.iter().map(|it| it.budgets[place].incidents).sum()
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
fn rate(seen: u64, hours: f64) -> f64 {
    seen as f64 / hours
}

fn by_service(page: &mut String, judged: &[Judged]) {
    page.push_str(
        "## By service\n\nIncidents, and in brackets those that are expected.\n\n| \
                   service | hours | calls |",
    );
    for budget in BUDGETS {
        let _ = write!(page, " {budget} |");
    }
    page.push_str("\n| --- | ---: | ---: |");
    page.push_str(&" ---: |".repeat(BUDGETS.len()));
    page.push('\n');
    for it in judged {
        let _ = write!(page, "| {} | {:.2} | {} |", it.name, it.hours, it.calls);
        for of in &it.budgets {
            let _ = write!(page, " {} ({:.1}) |", of.incidents, of.expected);
        }
        page.push('\n');
    }
}

/// Where what was seen is not what was asked for.
fn short(page: &mut String, judged: &[Judged], hours: f64) {
    page.push_str("\n## Where it falls short\n\n");
    for (place, budget) in BUDGETS.iter().enumerate() {
        let seen = incidents(judged, place);
        let (asked, (low, high)) = (per_hour(budget), poisson::interval(seen));
        let ratio = rate(seen, hours) / asked;
        let verdict = if (1.0 / FACTOR..=FACTOR).contains(&ratio) {
            "within a factor of three"
        } else if ratio > 1.0 {
            "more come than are asked for"
        } else {
            "fewer come than are asked for"
        };
        let _ = writeln!(
            page,
            "- {budget}: {ratio:.2} times as many as asked for (95%: {:.2} to {:.2}), {verdict}.",
            low / hours / asked,
            high / hours / asked
        );
    }
    page.push_str(
        "\nThe prior of the order of calls is assumed, by which all services are judged alike; it \
         was not fitted anew with each service left out. So are how widely services differ in the \
         addresses that they contact, and what is sensitive. The hours are those of ten services \
         on one host, in lives that were made for the purpose: a rate of one a day is judged by \
         few incidents.\n\n",
    );
}

fn priors(page: &mut String, news: &[&News], fitted: &Priors) {
    let folds: f64 = news.iter().map(|it| it.folds()).sum();
    let _ = writeln!(
        page,
        "## Priors\n\nWhat was new in the {folds:.1} e-folds after the services' starts, and what \
         is fitted on it. The monitor has it rounded (`monitor/src/profile/prior.rs`).\n\n\
         | class | new | in services | fitted shape, folds | the monitor's |\n| --- | ---: | ---: \
         | ---: | ---: |"
    );
    for (place, &class) in Class::ALL.iter().enumerate() {
        let shown = news.iter().filter(|it| it.touches || !class.is_touch());
        let counts: Vec<u64> = shown.map(|it| it.counts[place]).collect();
        let (mine, theirs) = (fitted.of(class), prior(class));
        let found = if counts.is_empty() {
            "- | - | not measured".to_owned()
        } else {
            let services = counts.iter().filter(|&&count| count > 0).count();
            let new: u64 = counts.iter().sum();
            let fitted = if is_shown(class) {
                format!("{:.2}, {:.2}", mine.shape, mine.folds)
            } else {
                "assumed".to_owned()
            };
            format!("{new} | {services} | {fitted}")
        };
        let (shape, folds) = (theirs.shape, theirs.folds);
        let _ = writeln!(page, "| {} | {found} | {shape}, {folds} |", class.words());
    }
}

/// A budget of ours as events an hour.
pub fn per_hour(budget: &str) -> f64 {
    let (events, span) = budget.split_once('/').unwrap_or((budget, "hour"));
    let events: f64 = events.parse().unwrap_or(f64::NAN);
    if span == "day" { events / 24.0 } else { events }
}
