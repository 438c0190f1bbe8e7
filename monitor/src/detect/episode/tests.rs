use super::{CALM_CALLS, Episode};
use crate::detect::threshold::{LEAST_CALLS, Limits, Scores};
use crate::detect::verdict::{Alarm, Pace};
use crate::profile::firsts::Firsts;
use crate::report::sample;

/// An alarm that says these scores.
fn told(scores: &Scores) -> Alarm {
    let reason = |pace| (pace, scores.get(pace), 1.0);
    Alarm {
        reasons: [Pace::Slow, Pace::Fast].map(reason).into(),
        ..sample::alarm()
    }
}

fn limits() -> Limits {
    Limits {
        slow: 2.0,
        fast: 4.0,
        first_seen: f64::INFINITY,
        slow_calls: 100,
        fast_calls: 10,
        sequence: f64::INFINITY,
        drift: 0.0,
    }
}

#[test]
fn an_episode_raises_again_only_for_worse_and_ends_after_a_calm() {
    let limits = limits();
    let mut scores = Scores::new(&limits);
    let mut episode = Episode::default();
    let mut asked = Vec::new();
    for call in 0..2000_u32 {
        let nats = if (500..600).contains(&call) || call >= 1500 {
            9.0
        } else {
            0.5
        };
        scores.push(nats);
        if episode.step(&scores, &limits, LEAST_CALLS, &Firsts::default(), false) {
            asked.push(call);
            episode.raise(&told(&scores));
        }
    }
    // Within an episode again where the scores are markedly worse, ever more rarely.
    let of = |calls: std::ops::Range<u32>| asked.iter().filter(|&it| calls.contains(it)).count();
    assert!(
        (1..5).contains(&of(500..700)) && (1..5).contains(&of(1500..2000)),
        "{asked:?}"
    );
    assert_eq!(of(500..520) + of(1500..1520), 2, "{asked:?}");
    assert_eq!(of(700..1500), 0, "{asked:?}");
}

#[test]
fn scores_between_the_calm_share_and_the_threshold_keep_an_episode_going() {
    let limits = limits();
    let mut scores = Scores::new(&limits);
    let mut episode = Episode::default();
    episode.raise(&told(&scores));
    for _ in 0..10 * CALM_CALLS {
        scores.push(1.7);
        assert!(!episode.step(&scores, &limits, LEAST_CALLS, &Firsts::default(), false));
    }
    assert!(episode.told().is_some());
}

#[test]
fn too_few_calls_ask_nothing_however_surprising() {
    let limits = limits();
    let mut scores = Scores::new(&limits);
    let mut episode = Episode::default();
    for call in 1..=LEAST_CALLS {
        scores.push(50.0);
        assert_eq!(
            episode.step(&scores, &limits, LEAST_CALLS, &Firsts::default(), false),
            call == LEAST_CALLS
        );
    }
}

#[test]
fn a_flight_that_does_not_agree_is_asked_ever_more_seldom() {
    let limits = limits();
    let mut scores = Scores::new(&limits);
    let mut episode = Episode::default();
    let mut asked = 0;
    for _ in 0..10_000 {
        scores.push(9.0);
        if episode.step(&scores, &limits, LEAST_CALLS, &Firsts::default(), false) {
            asked += 1;
            episode.doubt();
        }
    }
    assert!((20..=25).contains(&asked), "{asked} times in 10,000 calls");
}
