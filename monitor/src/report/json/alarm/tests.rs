use super::back::LAST_PLACE;
use super::{AlarmError, AlarmRecord};
use crate::report::sample;
use crate::report::sink::Origin;

fn record() -> AlarmRecord {
    AlarmRecord::new(&sample::alarm(), &Origin::default(), Some(&sample::model()))
}

#[test]
fn an_alarm_comes_back_from_its_line_with_the_same_calls_and_the_same_bits() {
    let mut alarm = sample::alarm();
    // A score whose shortest decimal form needs all 17 digits.
    alarm.score = 0.1 + 0.2;
    let written = AlarmRecord::new(&alarm, &Origin::default(), None);
    let line = serde_json::to_string(&written).expect("serialises");
    let read: AlarmRecord = serde_json::from_str(&line).expect("parses");
    assert_eq!(read, written);
    assert_eq!(read.score.to_bits(), alarm.score.to_bits());
    assert_eq!(read.flight(), Ok(alarm.flight.clone()));
    assert_eq!(read.alarm(), Ok(alarm));
    assert!(!line.contains('\n') && line.is_ascii(), "{line}");
}

#[test]
fn a_line_of_another_making_is_refused() {
    let mut newer = record();
    newer.schema = 3;
    assert_eq!(newer.flight(), Err(AlarmError::Schema(3)));
    let mut foreign = record();
    foreign.flight.calls[0].0 = "vax".into();
    assert_eq!(foreign.flight(), Err(AlarmError::Abi("vax".into())));
    let mut empty = record();
    empty.flight.calls.clear();
    assert_eq!(empty.flight(), Err(AlarmError::Length(0)));
    let mut forged = record();
    forged.score += 1.0;
    assert_eq!(forged.flight(), Err(AlarmError::Bits));

    for place in [u64::MAX, u64::MAX - 1, LAST_PLACE + 1] {
        let mut far = record();
        far.flight.first_seq = place;
        assert_eq!(far.flight(), Err(AlarmError::Place(place)));
    }
}

#[test]
fn everything_of_a_profiles_alarm_comes_back_from_its_line() {
    let alarm = sample::profiled_alarm();
    let written = AlarmRecord::new(&alarm, &Origin::default(), Some(&sample::profiled_model()));
    let line = serde_json::to_string(&written).expect("serialises");
    let read: AlarmRecord = serde_json::from_str(&line).expect("parses");
    assert_eq!(read, written);
    assert_eq!(read.alarm(), Ok(alarm));
    assert!(line.is_ascii(), "{line}");
}

#[test]
fn a_line_of_before_profiles_is_still_read() {
    let mut line = serde_json::to_value(record()).expect("serialises");
    let fields = line.as_object_mut().expect("an object");
    for new in ["reasons", "first_seen", "lineage", "profile"] {
        assert!(fields.remove(new).is_some(), "{new}");
    }
    let flight = fields["flight"].as_object_mut().expect("an object");
    assert!(flight.remove("names").is_some());
    for one in fields["surprising"].as_array_mut().expect("a list") {
        assert!(
            one.as_object_mut()
                .expect("an object")
                .remove("pair")
                .is_some()
        );
    }
    let read: AlarmRecord = serde_json::from_value(line).expect("parses");
    let alarm = read.alarm().expect("whole");
    assert_eq!(alarm.reasons, sample::alarm().reasons, "its one score");
    assert_eq!(alarm.flight.calls, sample::alarm().flight.calls);
}

#[test]
fn a_hostile_line_takes_no_more_than_this_monitor_writes() {
    let mut many = record();
    many.flight.names = vec![(0, "a".into()); 17];
    assert_eq!(many.flight(), Err(AlarmError::TooMany("names", 17)));
    let mut many = record();
    let one = many.surprising[0].clone();
    many.surprising = vec![one; 600];
    assert_eq!(
        many.alarm(),
        Err(AlarmError::TooMany("surprising calls", 600))
    );
    let mut steering = record();
    steering.comm = "\x1b[2J".into();
    assert_eq!(steering.alarm(), Err(AlarmError::Name("\x1b[2J".into())));
    let mut nowhere = record();
    nowhere.surprising[0].abi = "vax".into();
    assert_eq!(nowhere.alarm(), Err(AlarmError::Abi("vax".into())));
}
