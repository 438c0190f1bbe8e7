//! What happened, in plain words.

use crate::detail::words;
use crate::detect::verdict::{Alarm, Pace};
use crate::profile::class::is_privileged;
use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::known::family;
use crate::report::text::call_name;
use crate::syscall::event::Comm;

/// Calls that a headline about an unusual order names.
const NAMED: usize = 3;

/// One line that says who did what, for the heaviest alarm of an incident and everything new in it.
#[must_use]
pub fn headline(alarm: &Alarm, first_seen: &[FirstSeen]) -> String {
    let service = service(alarm);
    let Some(first) = first_seen.first() else {
        return by_sequence(alarm, &service);
    };
    let mut line = match &first.what {
        // Of a service that was learned it is known what it made.
        First::Call(call) if alarm.provisional && alarm.judged_by.is_none() => format!(
            "{} made a privileged call for the first time in this run: {}",
            actor(alarm, &service),
            call_name(*call)
        ),
        First::Call(call) => format!(
            "{} made a call it never made: {}",
            actor(alarm, &service),
            call_name(*call)
        ),
        First::Name(name) if executed(alarm, *name) => format!(
            "a process of {service} started a program it never ran: {}",
            shown(alarm, *name)
        ),
        First::Name(name) => format!(
            "a thread of {service} took a name it never had: {}",
            shown(alarm, *name)
        ),
        First::CallOfName(name, call) => {
            format!(
                "{name} in {service} made a call it never made: {}",
                call_name(*call)
            )
        }
        First::Touch(detail) => {
            let mut touches = alarm.flight.touches.iter();
            let touch = touches.find(|touch| touch.detail == *detail);
            let outcome = touch.and_then(|touch| touch.outcome);
            let did = words::did(detail, outcome);
            format!("{} did what it never did: {did}", actor(alarm, &service))
        }
        First::Outcome(detail, outcome) => {
            let went = words::went(detail, *outcome);
            format!("{} did what it never did: {went}", actor(alarm, &service))
        }
    };
    let others = first_seen.len() - 1;
    let privileged = first_seen[1..].iter().find_map(|other| match other.what {
        First::Call(call) if is_privileged(call) => Some(call_name(call)),
        _ => None,
    });
    match (others, privileged) {
        (0, _) => {}
        (1, Some(call)) => line.push_str(&format!(", and {call}")),
        (1, None) => line.push_str(", and one more new thing"),
        (2, Some(call)) => line.push_str(&format!(", {call}, and one more new thing")),
        (_, Some(call)) => {
            line.push_str(&format!(", {call}, and {} more new things", others - 1));
        }
        (_, None) => line.push_str(&format!(", and {others} more new things")),
    }
    line
}

fn by_sequence(alarm: &Alarm, service: &str) -> String {
    let what = match alarm.pace {
        Pace::Fast => "a burst of unusual calls",
        _ => "an unusual order of calls",
    };
    let mut calls: Vec<_> = alarm.surprising.iter().collect();
    calls.sort_by(|a, b| b.surprise.total_cmp(&a.surprise));
    let mut names: Vec<String> = Vec::new();
    for call in calls {
        let name = call_name(call.call);
        if names.len() < NAMED && !names.contains(&name) {
            names.push(name);
        }
    }
    let actor = actor(alarm, service);
    if names.is_empty() {
        return format!("{actor} made {what}");
    }
    format!("{actor} made {what}: {}", names.join(", "))
}

/// The service's name, else that of its first process.
fn service(alarm: &Alarm) -> String {
    let named = || match alarm.lineage.first() {
        Some(kin) if kin.comm != Comm::default() => kin.comm.to_string(),
        _ => alarm.comm.to_string(),
    };
    match alarm.service.escape_debug().to_string() {
        service if service.is_empty() => named(),
        service => service,
    }
}

/// The service by its name, or the process of another name in it.
fn actor(alarm: &Alarm, service: &str) -> String {
    let comm = alarm.comm.to_string();
    if comm.is_empty() || comm == service {
        service.to_owned()
    } else {
        format!("{comm} in {service}")
    }
}

/// Whether a process got this name by executing a program.
fn executed(alarm: &Alarm, name: Comm) -> bool {
    let is_it = |comm: Comm| family(comm) == family(name);
    let mut kin = alarm.lineage.iter();
    kin.any(|kin| kin.executed && is_it(kin.comm))
}

/// The name as the process had it, its digits not made alike, where it is still known.
fn shown(alarm: &Alarm, name: Comm) -> Comm {
    let kin = alarm.lineage.iter().rev().map(|kin| kin.comm);
    let names = alarm.flight.names.iter().rev().map(|&(_, comm)| comm);
    let all = [alarm.comm].into_iter().chain(kin).chain(names);
    all.into_iter()
        .find(|&comm| family(comm) == family(name))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::headline;
    use crate::profile::first_seen::First;
    use crate::report::sample;

    #[test]
    fn the_heaviest_new_thing_is_said_in_words_and_the_others_are_counted() {
        let alarm = sample::profiled_alarm();
        let [name, of_name, call] = &alarm.first_seen[..] else {
            panic!("three new things");
        };
        let said = |firsts: &[_]| headline(&alarm, firsts);
        assert_eq!(
            said(std::slice::from_ref(call)),
            "evil\\x1b[2J in web made a call it never made: ptrace"
        );
        assert_eq!(
            said(std::slice::from_ref(name)),
            "a process of web started a program it never ran: sh\\x1b[2J"
        );
        assert_eq!(
            said(&[name.clone(), of_name.clone(), call.clone()]),
            "a process of web started a program it never ran: sh\\x1b[2J, ptrace, and one more \
             new thing"
        );
        let First::CallOfName(..) = of_name.what else {
            panic!("a call of a name");
        };
        assert_eq!(
            said(std::slice::from_ref(of_name)),
            "sh\\x1b[2J in web made a call it never made: read"
        );
    }

    #[test]
    fn a_renamed_thread_started_no_program() {
        let mut alarm = sample::profiled_alarm();
        alarm.lineage[1].executed = false;
        let said = headline(&alarm, &alarm.first_seen[..1]);
        assert_eq!(said, "a thread of web took a name it never had: sh\\x1b[2J");
    }

    #[test]
    fn an_order_names_its_most_surprising_calls() {
        let mut alarm = sample::alarm();
        alarm.service = "evil\\x1b[2J".into();
        let said = headline(&alarm, &[]);
        assert!(
            said.ends_with("made an unusual order of calls: ptrace"),
            "{said}"
        );
    }
}
