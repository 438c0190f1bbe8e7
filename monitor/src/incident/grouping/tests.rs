use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::super::{Change, Incident, State};
use super::{CALM_NS, GATHERING_NS, Incidents, Suppression};
use crate::detect::severity::Severity;
use crate::detect::verdict::{Alarm, Kin, Pace, Suppressed};
use crate::profile::first_seen::{First, FirstSeen};
use crate::report::sample;
use crate::syscall::event::Comm;

const SECOND: u64 = 1_000_000_000;

/// An alarm of process `tgid` below the root 1, whose flight has these new calls.
fn alarm(id: &str, seconds: u64, tgid: u32, numbers: &[u32]) -> Alarm {
    let mut alarm = sample::profiled_alarm();
    alarm.id = id.into();
    alarm.time_ns = seconds * SECOND;
    alarm.thread.tgid = tgid;
    alarm.first_seen = numbers
        .iter()
        .map(|&number| FirstSeen {
            seq: 0,
            what: First::Call(sample::call(number)),
            nats: 12.0,
        })
        .collect();
    alarm.lineage = [1, tgid]
        .map(|tgid| Kin {
            tgid,
            comm: Comm::new(b"web"),
            executed: false,
        })
        .into();
    alarm
}

/// What is reported of the alarms, then as the time of `until` is reached.
fn reported(incidents: &mut Incidents, alarms: &[Alarm], until: u64) -> Vec<Incident> {
    let mut statements = Vec::new();
    for alarm in alarms {
        incidents.alarm(alarm, &mut statements);
    }
    incidents.advance(until * SECOND, &mut statements);
    statements
}

fn states(statements: &[Incident]) -> Vec<State> {
    statements.iter().map(|it| it.state).collect()
}

fn incidents() -> Incidents {
    Incidents::new(Some(Duration::from_hours(1)))
}

#[test]
fn alarms_of_one_lineage_or_of_one_minute_are_one_incident_until_it_is_calm() {
    let alarms = [
        alarm("a", 100, 10, &[102]),
        alarm("b", 130, 11, &[102]),
        // Later than a minute, but of the same process as the first.
        alarm("c", 250, 10, &[102]),
        // Neither.
        alarm("d", 400, 12, &[102]),
    ];
    let statements = reported(&mut incidents(), &alarms, 401);
    assert_eq!(states(&statements), [State::Opened, State::Opened]);
    assert_ne!(statements[0].id, statements[1].id);
    let mut all = incidents();
    let statements = reported(&mut all, &alarms[..3], 250 + CALM_NS / SECOND);
    assert_eq!(states(&statements), [State::Opened, State::Closed]);
    assert_eq!(statements[1].alarms, 3);
    assert_eq!(statements[1].alarm_ids, ["a", "b", "c"]);
    assert_eq!(all.open(), 0);
}

#[test]
fn an_alarm_of_another_service_is_another_incident() {
    let mut other = alarm("b", 101, 11, &[102]);
    other.service = "mail".into();
    let statements = reported(&mut incidents(), &[alarm("a", 100, 10, &[102]), other], 102);
    assert_eq!(states(&statements), [State::Opened, State::Opened]);
    assert_eq!(&*statements[1].service, "mail");
}

#[test]
fn something_new_is_reported_after_a_pause_and_a_worse_severity_within_a_second() {
    // getuid (102), then getgid (104), then ptrace (101), which is privileged.
    let alarms = [
        alarm("a", 100, 10, &[102]),
        alarm("b", 101, 10, &[102, 104]),
    ];
    let mut all = incidents();
    assert_eq!(states(&reported(&mut all, &alarms, 130)), [State::Opened]);
    let later = reported(&mut all, &[], 131);
    assert_eq!(states(&later), [State::Updated]);
    assert_eq!(later[0].changes, [Change::FirstSeen]);
    assert_eq!(later[0].first_seen.len(), 2);
    assert_eq!(later[0].severity, Severity::High);
    assert_eq!(reported(&mut all, &[alarm("c", 133, 10, &[101])], 133), []);
    let worse = reported(&mut all, &[], 134);
    assert_eq!(states(&worse), [State::Updated]);
    assert_eq!(worse[0].severity, Severity::Critical);
    assert_eq!(worse[0].changes, [Change::FirstSeen, Change::Severity]);
    assert!(worse[0].headline.contains("never made: ptrace"));
    assert!(worse[0].alarm.id == "c", "it is the heaviest");
    // Nothing new is no news.
    assert_eq!(reported(&mut all, &[alarm("d", 135, 10, &[101])], 200), []);
}

/// mount (165), init_module (175) and bpf (321) are privileged as ptrace is.
#[test]
fn an_event_is_one_message_however_many_heavier_things_come_at_once() {
    let mut all = incidents();
    let mut alarms = vec![alarm("a", 100, 10, &[102])];
    for (id, number) in [("b", 104), ("c", 101), ("d", 165), ("e", 175), ("f", 321)] {
        alarms.push(alarm(id, 100, 11, &[number]));
    }
    assert_eq!(reported(&mut all, &alarms, 100), [], "more may come");
    let statements = reported(&mut all, &[], 101);
    assert_eq!(states(&statements), [State::Opened]);
    assert_eq!(statements[0].first_seen.len(), 6);
    assert_eq!(statements[0].severity, Severity::Critical);
    // As bad as what was reported: it is told within a second once, and then not at once.
    let more = alarm("g", 103, 10, &[165, 246]);
    assert_eq!(reported(&mut all, &[more], 103), []);
    assert_eq!(reported(&mut all, &[], 104)[0].first_seen.len(), 7);
    let still = alarm("h", 106, 10, &[304]);
    assert_eq!(reported(&mut all, &[still], 104 + 59), []);
    assert_eq!(reported(&mut all, &[], 104 + 60)[0].first_seen.len(), 8);
}

#[test]
fn a_privileged_call_beside_another_is_told_within_a_second_once() {
    let mut all = incidents();
    let first = reported(&mut all, &[alarm("a", 100, 10, &[101])], 101);
    assert_eq!(first[0].severity, Severity::Critical);
    assert_eq!(reported(&mut all, &[alarm("b", 104, 10, &[165])], 104), []);
    let second = reported(&mut all, &[], 105);
    assert_eq!(second[0].changes, [Change::FirstSeen]);
    // The third waits, so that an event does not become a stream of messages; it is told all the
    // same.
    assert_eq!(reported(&mut all, &[alarm("c", 108, 10, &[321])], 140), []);
    assert_eq!(reported(&mut all, &[], 165)[0].first_seen.len(), 3);
}

#[test]
fn an_incident_is_reported_half_a_second_after_it_opens_and_at_once_where_there_are_no_times() {
    let mut all = incidents();
    let mut statements = Vec::new();
    all.alarm(&alarm("a", 100, 10, &[102]), &mut statements);
    all.advance(100 * SECOND + GATHERING_NS - 1, &mut statements);
    assert_eq!(statements, []);
    all.advance(100 * SECOND + GATHERING_NS, &mut statements);
    assert_eq!(states(&statements), [State::Opened]);
    let statements = reported(&mut incidents(), &[alarm("a", 0, 10, &[102])], 0);
    assert_eq!(states(&statements), [State::Opened]);
}

#[test]
fn a_score_that_is_a_quarter_higher_is_reported() {
    let mut one = alarm("a", 100, 10, &[]);
    one.reasons = vec![(Pace::Slow, 2.0, 1.0)];
    let mut all = incidents();
    reported(&mut all, &[one.clone()], 101);
    one.reasons[0].1 = 2.4;
    assert_eq!(reported(&mut all, &[one.clone()], 120), []);
    one.reasons[0].1 = 2.6;
    let statements = reported(&mut all, &[one], 131);
    assert_eq!(statements[0].changes, [Change::Score]);
}

#[test]
fn what_was_alike_is_reported_with_its_count_at_the_end_of_the_hour() {
    let like = |seconds| Alarm {
        suppressed: Some(Suppressed::Alike("a".into())),
        ..alarm("like", seconds, 50, &[102])
    };
    let mut all = incidents();
    let alarms = [
        alarm("a", 100, 10, &[102]),
        like(700),
        like(701),
        like(2000),
    ];
    let statements = reported(&mut all, &alarms, 3699);
    assert_eq!(states(&statements), [State::Opened, State::Closed]);
    let statements = reported(&mut all, &[], 3700);
    assert_eq!(states(&statements), [State::Updated]);
    assert_eq!(statements[0].changes, [Change::Repeated]);
    assert_eq!((statements[0].alike, statements[0].alarms), (3, 4));
    // Once.
    assert_eq!(reported(&mut all, &[], 9000), []);
}

#[test]
fn the_end_of_a_run_reports_what_waited() {
    let mut all = incidents();
    let mut over = alarm("a", 100, 10, &[102]);
    over.suppressed = Some(Suppressed::Rate);
    assert_eq!(reported(&mut all, &[over], 100), []);
    let mut statements = Vec::new();
    all.finish(&mut statements);
    assert_eq!(states(&statements), [State::Opened, State::Closed]);
    assert_eq!(all.opened(), 1);
    statements.clear();
    all.finish(&mut statements);
    assert_eq!(statements, []);
}

#[test]
fn what_a_person_suppressed_is_marked_until_something_new_comes() {
    let mut all = incidents();
    let statements = reported(&mut all, &[alarm("a", 100, 10, &[102])], 101);
    let mut again = incidents();
    again.set_suppressions(vec![Suppression {
        fingerprint: statements[0].fingerprint.clone(),
        until_ns: 900 * SECOND,
        reason: "a test of ours".into(),
    }]);
    let statements = reported(&mut again, &[alarm("b", 200, 20, &[102])], 201);
    assert_eq!(statements[0].suppressed.as_deref(), Some("a test of ours"));
    assert_eq!(again.opened(), 0);
    let statements = reported(&mut again, &[alarm("c", 202, 20, &[102, 101])], 203);
    assert_eq!(statements[0].suppressed, None, "ptrace was not suppressed");
    assert_eq!(again.opened(), 1);
}

proptest! {
    /// Whoever alarms, whenever: each incident opens once and closes once, and together they have
    /// every alarm.
    #[test]
    fn every_alarm_is_in_one_incident_and_every_incident_ends(
        alarms in prop::collection::vec((0..600_u64, 2..6_u32, 100..104_u32), 1..25)
    ) {
        let (mut all, mut statements, mut now) = (incidents(), Vec::new(), 0);
        for (number, (after, tgid, call)) in alarms.iter().enumerate() {
            now += after;
            let one = alarm(&number.to_string(), now, *tgid, &[*call]);
            all.alarm(&one, &mut statements);
            all.advance(now * SECOND, &mut statements);
        }
        all.finish(&mut statements);
        prop_assert_eq!(all.open(), 0);
        let mut last = BTreeMap::new();
        for one in &statements {
            let before = last.insert(one.id.clone(), one);
            prop_assert_eq!(before.is_none(), one.state == State::Opened, "{:?}", states(&statements));
            prop_assert!(before.is_none_or(|it| it.state != State::Closed && it.alarms <= one.alarms));
        }
        prop_assert!(last.values().all(|it| it.state == State::Closed));
        prop_assert_eq!(last.values().map(|it| it.alarms + it.alike).sum::<u64>(), alarms.len() as u64);
    }
}
