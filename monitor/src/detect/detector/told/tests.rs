use std::time::Duration;

use super::{MOST_NAMES, Told};
use crate::detect::verdict::{Alarm, Pace};
use crate::profile::first_seen::{First, FirstSeen};
use crate::report::sample;
use crate::syscall::event::{Abi, Call, Comm};

const MINUTE: u64 = 60_000_000_000;

fn alarm(comm: &str, minute: u64, reasons: &[(Pace, f64)], new_calls: &[u32]) -> Alarm {
    let what = |number| {
        First::Call(Call {
            abi: Abi::X86_64,
            number,
        })
    };
    Alarm {
        comm: Comm::new(comm.as_bytes()),
        time_ns: minute * MINUTE,
        reasons: reasons
            .iter()
            .map(|&(pace, score)| (pace, score, 1.0))
            .collect(),
        first_seen: new_calls
            .iter()
            .map(|&number| FirstSeen {
                seq: 0,
                what: what(number),
                nats: 12.0,
            })
            .collect(),
        ..sample::alarm()
    }
}

/// Which of the alarms are told.
fn told(alarms: &[Alarm]) -> Vec<bool> {
    let mut told = Told::new(Some(Duration::from_hours(1)));
    let one = |alarm: &Alarm| {
        let is_new = told.is_new(alarm);
        if is_new {
            told.tell(alarm);
        }
        is_new
    };
    alarms.iter().map(one).collect()
}

#[test]
fn an_alarm_alike_is_told_again_after_an_hour_or_when_it_is_worse() {
    let slow = |minute, score| alarm("web-1", minute, &[(Pace::Slow, score)], &[]);
    let asked = [
        slow(1, 2.0),
        // Of another thread of the same family of names.
        alarm("web-22", 2, &[(Pace::Slow, 2.4)], &[]),
        slow(3, 2.6),
        slow(62, 2.0),
        slow(63, 2.0),
    ];
    // 2.6 is more than 1.25 times 2.0, and at minute 63 its hour is over.
    assert_eq!(told(&asked), [true, false, true, false, true]);
}

#[test]
fn another_name_another_score_and_another_new_thing_are_told() {
    let asked = [
        alarm("web", 1, &[(Pace::Slow, 2.0)], &[]),
        alarm("sh", 1, &[(Pace::Slow, 2.0)], &[]),
        alarm("web", 1, &[(Pace::Fast, 2.0)], &[]),
        // It crosses by a score that was told, but there is a call in it that the service never
        // made.
        alarm("web", 1, &[(Pace::Slow, 2.0)], &[41]),
        alarm("web", 1, &[(Pace::FirstSeen, 20.0)], &[41]),
        alarm("web", 1, &[(Pace::FirstSeen, 30.0)], &[41, 59]),
    ];
    assert_eq!(told(&asked), [true, true, true, true, false, true]);
}

#[test]
fn an_alarm_without_a_time_is_told() {
    let asked = [0, 0].map(|minute| alarm("web", minute, &[(Pace::Slow, 2.0)], &[]));
    assert_eq!(told(&asked), [true, true]);
    let asked = [1, 1].map(|minute| alarm("web", minute, &[(Pace::Slow, 2.0)], &[]));
    let none = Told::new(None);
    assert!(none.is_new(&asked[0]) && none.is_new(&asked[1]));
}

#[test]
fn the_names_that_are_remembered_are_bounded() {
    let letters = |n: usize| -> String {
        let letter = |place: u32| char::from(b'a' + (n / 26_usize.pow(place) % 26) as u8);
        (0..3).map(letter).collect()
    };
    let mut told = Told::new(Some(Duration::from_hours(1)));
    for n in 0..MOST_NAMES + 10 {
        told.tell(&alarm(&letters(n), n as u64 + 1, &[(Pace::Slow, 2.0)], &[]));
    }
    assert_eq!(told.names.len(), MOST_NAMES);
    assert!(told.is_new(&alarm(&letters(0), 1, &[(Pace::Slow, 2.0)], &[])));
}
