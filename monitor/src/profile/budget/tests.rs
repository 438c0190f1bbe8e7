use super::{Budget, thresholds};
use crate::profile::Profile;
use crate::profile::held_out::HeldOut;
use crate::profile::provenance::Origin;

fn budget(text: &str) -> Budget {
    text.parse().expect("a budget")
}

/// A million held-out calls of ten thousand seconds, with peaks 1.00, 0.99 … 0.01.
fn profile() -> Profile {
    let mut profile = Profile::default();
    profile.provenance.origins.push(Origin {
        calls: 2_000_000,
        seconds: 20_000.0,
        ..Origin::default()
    });
    let mut held_out = HeldOut {
        calls: 1_000_000,
        ..HeldOut::default()
    };
    for peak in 1..=100 {
        held_out.push(f64::from(peak) / 100.0, f64::from(peak) / 50.0);
    }
    profile.held_out = held_out;
    profile
}

#[test]
fn a_budget_is_read_and_turned_into_a_rate_per_call() {
    for (text, rate) in [
        ("1/day", 1.0 / 8_640_000.0),
        ("10/week", 10.0 / 60_480_000.0),
        ("2/hour", 2.0 / 360_000.0),
        ("0.1/million", 1e-7),
        ("0.1 per million calls", 1e-7),
    ] {
        let found = budget(text).per_call(100.0);
        assert!((found / rate - 1.0).abs() < 1e-12, "{text}: {found}");
    }
    assert_eq!(budget("10/week").to_string(), "10/week");
    for wrong in [
        "", "1", "day", "0/day", "-1/day", "nan/day", "inf/day", "1/year", "1/day/x",
    ] {
        assert!(wrong.parse::<Budget>().is_err(), "{wrong}");
    }
}

#[test]
fn a_budget_that_the_data_reach_cuts_at_a_peak() {
    // A third of 15 a million is 5 of the held-out million.
    let (cut, support) = thresholds(&profile(), &budget("15/million"));
    assert_eq!((cut.slow, cut.fast), (0.96, 1.92));
    assert!((cut.first_seen - (5e-6_f64).ln().abs()).abs() < 1e-9);
    assert!(!support.extrapolated);
    assert!((support.per_million - 15.0).abs() < 1e-9);
    assert!(support.low < 15.0 && support.high > 15.0);
    assert_eq!(support.more_calls, 0);
    assert!((support.supported_per_million - 3.0).abs() < 1e-9);
}

/// By hand: 50 peaks above 0.50 have a mean excess of 0.255, and 0.1 are allowed among a million calls.
#[test]
fn a_budget_beyond_the_data_follows_the_tail_and_says_so() {
    let (cut, support) = thresholds(&profile(), &budget("0.3/million"));
    let expected = 0.5 + 0.255 * (50.0_f64 / 0.1).ln();
    assert!((cut.slow - expected).abs() < 1e-9, "{}", cut.slow);
    assert!(support.extrapolated);
    // Ten million are needed, one is there, and half of what is recorded is held out.
    assert_eq!(support.more_calls, 18_000_000);
    assert!((support.more_seconds - 180_000.0).abs() < 1.0);
}

#[test]
fn a_threshold_is_never_below_the_highest_peak_and_finite_without_any() {
    let mut one = profile();
    one.held_out.slow = vec![2.5];
    let (cut, _) = thresholds(&one, &budget("0.3/million"));
    assert_eq!(cut.slow, 2.5);
    let (cut, support) = thresholds(&Profile::default(), &Budget::default());
    assert!(cut.slow.is_finite() && cut.fast.is_finite());
    assert!(support.extrapolated && support.assumed_rate);
    assert!(support.supported_per_million.is_infinite());
}
