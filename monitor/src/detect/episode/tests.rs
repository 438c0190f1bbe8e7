use super::{CALM_CALLS, Episode};
use crate::detect::threshold::{LEAST_CALLS, Limits, Scores};

fn limits() -> Limits {
    Limits {
        slow: 2.0,
        fast: 4.0,
        first_seen: f64::INFINITY,
        slow_calls: 100,
        fast_calls: 10,
    }
}

#[test]
fn an_episode_raises_once_and_ends_after_a_calm() {
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
        if episode.step(&scores, &limits, LEAST_CALLS) {
            asked.push(call);
            episode.raise();
        }
    }
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!((500..520).contains(&asked[0]) && (1500..1520).contains(&asked[1]));
}

#[test]
fn scores_between_the_calm_share_and_the_threshold_keep_an_episode_going() {
    let limits = limits();
    let mut scores = Scores::new(&limits);
    let mut episode = Episode::default();
    episode.raise();
    for _ in 0..10 * CALM_CALLS {
        scores.push(1.7);
        assert!(!episode.step(&scores, &limits, LEAST_CALLS));
    }
    assert!(matches!(episode, Episode::Raised { calm: 0 }));
}

#[test]
fn too_few_calls_ask_nothing_however_surprising() {
    let limits = limits();
    let mut scores = Scores::new(&limits);
    let mut episode = Episode::default();
    for call in 1..=LEAST_CALLS {
        scores.push(50.0);
        assert_eq!(
            episode.step(&scores, &limits, LEAST_CALLS),
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
        if episode.step(&scores, &limits, LEAST_CALLS) {
            asked += 1;
            episode.doubt();
        }
    }
    assert!((20..=25).contains(&asked), "{asked} times in 10,000 calls");
}
