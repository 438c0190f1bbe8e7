//! `docs/scenarios.md`'s tables: every attack and every benign recording of every service.

use super::detection::Detected;
use super::table::{figure, grouped, per_hour, per_million, plain};
use super::totals::Alarms;
use super::{Detector, Service, Suite, Together};

/// Characters of an attack's answer that are shown.
const MOST_ANSWER: usize = 60;

/// Two tables per service. Markdown, with headings of the third level.
#[must_use]
pub fn details(suite: &Suite) -> String {
    suite.services.iter().map(service).collect()
}

fn service(service: &Service) -> String {
    let learned = &service.learned;
    let mut text = format!(
        "### {} {}\n\nLearned from {} recordings: {} calls of {} threads in {:.0} s; budget {}. ",
        plain(&service.name),
        plain(&service.version),
        learned.recordings,
        grouped(learned.calls),
        grouped(learned.threads),
        learned.seconds,
        plain(&learned.budget),
    );
    text += &format!(
        "STIDE alarms at more than {} mismatches in 20: the lowest threshold with at most 0.1 \
         alarms per million calls on lives left out of learning, or with as few as any has.\n",
        learned.stide_threshold
    );
    text += "\n| Attack | Its calls | What it got | The monitor | A call never seen before | STIDE \
             |\n|---|--:|---|---|---|---|\n";
    for attacked in &service.attacks {
        let name = attacked.attack.name();
        let [monitor, never_seen, stide] = attacked.by.each().map(|it| delay(it.as_ref()));
        let got = got(&attacked.answer, attacked.errno, attacked.complete);
        text += &format!(
            "| {name} | {} | {got} | {monitor} | {never_seen} | {stide} |\n",
            grouped(attacked.calls)
        );
    }
    if let Some(together) = &service.together {
        text += &one_monitor(together);
    }
    text += "\nFalse alarms, and per million calls and per hour:\n\n\
             | Benign | Calls | Minutes | Lost | The monitor | A call never seen before | STIDE \
             |\n|---|--:|--:|--:|--:|--:|--:|\n";
    for benign in &service.benign {
        let mut alarms = benign
            .false_alarms
            .each()
            .map(|&alarms| false_alarms(&Alarms::new(alarms, benign.calls, benign.seconds)));
        if benign.alike > 0 {
            alarms[0] += &format!(", and {} alike, not told", grouped(benign.alike));
        }
        let upgrade = match &service.other {
            Some(other) if benign.upgrade => format!(" to {}", plain(other)),
            _ => String::new(),
        };
        text += &format!(
            "| {}{upgrade} | {} | {:.1} | {} | {} |\n",
            plain(&benign.variant),
            grouped(benign.calls),
            benign.seconds / 60.0,
            grouped(benign.lost),
            alarms.join(" | ")
        );
    }
    text += &remarks(service);
    for not_had in &service.not_had {
        text += &format!(
            "\nNot had: {}: {}.\n",
            plain(&not_had.what),
            plain(&not_had.why)
        );
    }
    text.push('\n');
    text
}

/// What the monitor told in vain, and what it cannot tell.
fn remarks(service: &Service) -> String {
    let mut text = String::new();
    for benign in &service.benign {
        for headline in benign.incidents.iter().flatten() {
            text += &format!(
                "\nFalse incident, {}: {}.\n",
                plain(&benign.variant),
                plain(headline)
            );
        }
    }
    for attacked in &service.attacks {
        if let Some(why) = &attacked.traceless {
            text += &format!(
                "\nNo trace in calls by design: {}: {}.\n",
                attacked.attack,
                plain(why)
            );
        }
    }
    text
}

/// The attacks of a service in one run of the monitor.
fn one_monitor(together: &Together) -> String {
    let found = |detector| {
        let by = together.attacks.iter().map(|it| it.by.get(detector));
        by.filter(|it| it.is_some()).count()
    };
    let mut text = format!(
        "\nThe same in random order under one monitor: {} / {} / {} of {} detected, {} alarms of \
         the monitor and {} alike, not told. Before some, a load that was not learned.\n\n\
         | Attack | Before it | The monitor | A call never seen before | STIDE \
         |\n|---|---|---|---|---|\n",
        found(Detector::Monitor),
        found(Detector::NeverSeen),
        found(Detector::Stide),
        together.attacks.len(),
        grouped(together.alarms),
        grouped(together.alike),
    );
    for it in &together.attacks {
        let before = match it.provoked {
            None => "",
            Some(false) => "a load that was not learned",
            Some(true) => "a load that was not learned: a false alarm",
        };
        let [monitor, never_seen, stide] = it.by.each().map(|it| delay(it.as_ref()));
        text += &format!(
            "| {} | {before} | {monitor} | {never_seen} | {stide} |\n",
            it.attack.name()
        );
    }
    text
}

fn delay(detected: Option<&Detected>) -> String {
    match detected {
        None => "not detected".to_owned(),
        Some(detected) => format!(
            "{} calls, {} ms",
            grouped(detected.delay_calls),
            figure(Some(detected.delay_ms))
        ),
    }
}

fn got(answer: &str, errno: i32, complete: bool) -> String {
    let mut parts = Vec::new();
    if !answer.trim().is_empty() {
        let mut shown: String = answer.trim().chars().take(MOST_ANSWER).collect();
        if shown.len() < answer.trim().len() {
            shown += "...";
        }
        parts.push(plain(&shown));
    }
    if errno != 0 {
        let error = nix::errno::Errno::from_raw(errno);
        parts.push(format!("refused: {}", error.desc()));
    }
    if !complete {
        parts.push("cut short".to_owned());
    }
    parts.join("; ")
}

fn false_alarms(alarms: &Alarms) -> String {
    format!(
        "{} ({}; {})",
        alarms.alarms,
        per_million(alarms),
        per_hour(alarms)
    )
}
