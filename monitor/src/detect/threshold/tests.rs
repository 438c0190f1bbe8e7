use super::{LEAST_CALLS, Limits, Scores, highest_scores};
use crate::detect::verdict::Pace;
use crate::model::manifest::Threshold;

fn threshold() -> Threshold {
    Threshold {
        slow: 2.0,
        fast: 4.0,
        slow_calls: 100,
        fast_calls: 10,
        quantile: 0.999,
        source: String::new(),
    }
}

fn limits() -> Limits {
    Limits::from(&threshold())
}

#[test]
fn a_score_begins_as_the_plain_mean_and_then_forgets() {
    let mut scores = Scores::new(&limits());
    for nats in [1.0, 2.0, 6.0] {
        scores.push(nats);
    }
    assert!((scores.get(Pace::Slow) - 3.0).abs() < 1e-12);
    assert!((scores.get(Pace::Fast) - 3.0).abs() < 1e-12);
    for _ in 0..100_000 {
        scores.push(0.5);
    }
    scores.push(10.5);
    assert!(
        (scores.get(Pace::Slow) - 0.6).abs() < 1e-9,
        "a hundredth of 10"
    );
    assert!((scores.get(Pace::Fast) - 1.5).abs() < 1e-9, "a tenth of 10");
}

#[test]
fn the_pace_that_exceeds_its_threshold_most_is_named() {
    let mut scores = Scores::new(&limits());
    assert_eq!(scores.crossings(&limits(), LEAST_CALLS), []);
    for _ in 0..200 {
        scores.push(1.9);
    }
    assert_eq!(scores.crossings(&limits(), LEAST_CALLS), []);
    for _ in 0..12 {
        scores.push(9.0);
    }
    assert_eq!(
        scores.crossings(&limits(), LEAST_CALLS),
        [Pace::Fast, Pace::Slow]
    );
    for _ in 0..300 {
        scores.push(2.1);
    }
    assert_eq!(scores.crossings(&limits(), LEAST_CALLS), [Pace::Slow]);
}

#[test]
fn the_highest_scores_of_a_trace_leave_out_its_first_calls() {
    let mut trace = vec![9.0; 3];
    assert_eq!(highest_scores(&trace, &threshold()), None);
    trace.resize(LEAST_CALLS as usize, 0.0);
    let (slow, fast) = highest_scores(&trace, &threshold()).expect("it is long enough");
    assert!((slow - 27.0 / 32.0).abs() < 1e-9, "{slow}");
    assert!(fast < slow);
}
