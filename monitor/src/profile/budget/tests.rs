use super::{Budget, thresholds};
use crate::detail::Detail;
use crate::detail::access::Access;
use crate::detail::path::PathText;
use crate::detect::cusum::LEAST;
use crate::profile::Profile;
use crate::profile::class::Class;
use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::known::{Known, evidence};
use crate::profile::provenance::Origin;
use crate::profile::sightings::{Learned, Sightings};
use crate::syscall::event::Comm;

fn budget(text: &str) -> Budget {
    text.parse().expect("a budget")
}

/// A service of 10,000 calls a second, learned for so long, whose news all came in its first
/// seconds; what its calls touch is not known.
fn settled(seconds: f64) -> Profile {
    settled_in(seconds, |class| !class.is_touch())
}

/// The same with news of these classes.
fn settled_in(seconds: f64, has: impl Fn(&Class) -> bool) -> Profile {
    let mut profile = Profile::default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "small"
    )]
    let calls = (10_000.0 * seconds) as u64;
    profile.provenance.origins.push(Origin {
        calls,
        seconds,
        ..Origin::default()
    });
    let early = Learned {
        calls: 10,
        seconds: 0.01,
    };
    let classes = Class::ALL.into_iter().filter(has);
    let seen = classes.map(|class| (class, vec![early; 3]));
    let learned = Learned { calls, seconds };
    profile.known = Known::from_parts([], Sightings::from_parts(seen), learned);
    profile.held_out.calls = calls;
    profile
}

#[test]
fn a_budget_is_read_and_turned_into_events_in_a_time() {
    for (text, events, seconds) in [
        ("1/day", 1.0, 86_400.0),
        ("10/week", 10.0, 604_800.0),
        ("2/hour", 2.0, 3600.0),
        ("0.5/hour", 1.0, 7200.0),
        ("0.1/million", 1.0, 100_000.0),
        ("0.1 per million calls", 1.0, 100_000.0),
    ] {
        let found = budget(text).over(100.0);
        assert!((found.0 / events - 1.0).abs() < 1e-12, "{text}: {found:?}");
        assert!((found.1 / seconds - 1.0).abs() < 1e-12, "{text}: {found:?}");
    }
    assert_eq!(budget("10/week").to_string(), "10/week");
    for wrong in [
        "", "1", "day", "0/day", "-1/day", "nan/day", "inf/day", "1/year", "1/day/x",
    ] {
        assert!(wrong.parse::<Budget>().is_err(), "{wrong}");
    }
}

#[test]
fn after_ten_minutes_one_privileged_call_and_one_program_are_reported_under_one_a_day() {
    let (_, support) = thresholds(&settled(600.0), &budget("1/day"));
    for class in [Class::PrivilegedCall, Class::Name] {
        let it = support.of(class).expect("every class is there");
        assert!(it.reported && it.more_s == 0.0, "{it:?}");
    }
    assert!(support.expected <= support.accepted);
    let ordinary = support.of(Class::Call).expect("every class is there");
    assert!(!ordinary.reported && ordinary.more_s > 0.0);
}

#[test]
fn where_what_calls_touch_is_known_a_program_is_reported_with_its_file() {
    let profile = settled_in(600.0, |_| true);
    let (thresholds, support) = thresholds(&profile, &budget("1/day"));
    for class in [Class::PrivilegedCall, Class::SensitiveTouch] {
        let it = support.of(class).expect("every class is there");
        assert!(it.reported, "{it:?}");
    }
    let path = Detail::Path(Access::Execute, PathText::new(b"/usr/bin/id"));
    let new = [First::Name(Comm::new(b"id")), First::Touch(path)];
    let events = new.map(|what| FirstSeen {
        seq: 0,
        nats: profile.known.nats(&what),
        what,
    });
    assert!(evidence(&events, 0.0) > thresholds.first_seen, "{events:?}");
    assert!(support.expected <= support.accepted);
}

#[test]
fn whoever_learned_for_long_enough_is_told_of_what_was_missing() {
    let wanted = |seconds| {
        let (_, support) = thresholds(&settled(seconds), &budget("1/day"));
        *support.of(Class::Call).expect("every class is there")
    };
    let more = wanted(600.0).more_s;
    assert!(!wanted(600.0 + 0.9 * more).reported);
    assert!(wanted(600.0 + 1.1 * more).reported);
}

#[test]
fn a_threshold_falls_with_the_budget_and_is_finite_whatever_was_learned() {
    for profile in [Profile::default(), settled(3.0), settled(1e6)] {
        let mut before = None;
        for text in [
            "0.001/million",
            "1/week",
            "1/day",
            "1/hour",
            "30/hour",
            "1000/hour",
        ] {
            let (now, support) = thresholds(&profile, &budget(text));
            assert!(now.sequence.is_finite() && now.first_seen.is_finite());
            assert!(now.sequence >= LEAST);
            assert!(support.expected.is_finite());
            if text.ends_with("million") {
                continue;
            }
            let (sequence, first_seen) = before.unwrap_or((f64::INFINITY, f64::INFINITY));
            assert!(
                now.sequence <= sequence && now.first_seen <= first_seen,
                "{text}"
            );
            before = Some((now.sequence, now.first_seen));
        }
    }
}
