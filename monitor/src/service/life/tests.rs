use std::time::Duration;

use super::{Evidence, GROUPED_S, Life, Order, State, Validated};
use crate::config::{Config, Settings};
use crate::service::key::Key;

fn rules() -> Settings {
    Config::default().of_service(&Key::unit("web.service"))
}

const FIT: Evidence = Evidence {
    calls: 100_000,
    lost: 0,
    until_quiet: 0,
    novelty: Some(0.1),
    begun_twice: true,
};

const SUPPORTED: Validated = Validated {
    over_budget: 3.0,
    more: Duration::ZERO,
};

/// Learns for some minutes.
fn learn(life: &mut Life, minutes: u64, evidence: &Evidence) {
    life.learned_for(Duration::from_mins(minutes), evidence);
}

fn learning() -> Life {
    let mut life = Life::begin(0);
    assert_eq!(life.step(60, &FIT, &rules()), None);
    assert_eq!(life.state(), State::Learning);
    life
}

fn watching() -> Life {
    let mut life = learning();
    learn(&mut life, 15, &FIT);
    assert_eq!(life.step(960, &FIT, &rules()), Some(Order::Validate));
    assert_eq!(life.state(), State::Validating);
    let order = life.validated(970, SUPPORTED, &FIT, &rules());
    assert_eq!(order, Some(Order::Watch));
    assert_eq!(life.state(), State::Watching);
    life
}

#[test]
fn a_service_is_new_for_a_minute_or_a_thousand_calls() {
    let few = Evidence { calls: 999, ..FIT };
    let mut life = Life::begin(100);
    life.step(159, &few, &rules());
    assert_eq!(life.state(), State::New);
    life.step(160, &few, &rules());
    assert_eq!(life.state(), State::Learning);
    let mut busy = Life::begin(100);
    busy.step(101, &FIT, &rules());
    assert_eq!(busy.state(), State::Learning);
}

#[test]
fn what_is_lacking_is_said_in_words() {
    let mut life = learning();
    let evidence = Evidence {
        begun_twice: false,
        ..FIT
    };
    learn(&mut life, 8, &evidence);
    assert_eq!(
        life.lacks(&evidence, &rules()),
        ["7 minutes more", "one restart not yet seen"]
    );
    assert_eq!(life.step(999, &evidence, &rules()), None);
    let few = Evidence {
        calls: 2990,
        ..evidence
    };
    assert!(
        life.lacks(&few, &rules())
            .contains(&"10 calls more".to_owned())
    );
    let noisy = Evidence {
        until_quiet: 5120,
        novelty: Some(4.25),
        ..FIT
    };
    let still = "about 5,120 more calls with nothing new";
    let lately = format!("{still} (4.2 new sequences in a thousand lately)");
    assert_eq!(life.lacks(&noisy, &rules())[1], lately);
    let waiting = Evidence {
        novelty: Some(0.04),
        ..noisy
    };
    assert_eq!(life.lacks(&waiting, &rules())[1], still);
}

#[test]
fn every_one_of_the_conditions_is_needed() {
    for evidence in [
        Evidence { calls: 10, ..FIT },
        Evidence {
            until_quiet: 1,
            ..FIT
        },
        Evidence {
            begun_twice: false,
            ..FIT
        },
    ] {
        let mut life = learning();
        learn(&mut life, 600, &evidence);
        assert_eq!(life.step(36_000, &evidence, &rules()), None, "{evidence:?}");
        assert_eq!(life.state(), State::Learning);
    }
}

#[test]
fn learning_that_lost_calls_never_settles_before_as_long_a_time_without_a_loss() {
    let mut life = learning();
    learn(&mut life, 14, &FIT);
    let lossy = Evidence { lost: 1, ..FIT };
    learn(&mut life, 10, &lossy);
    assert_eq!(life.step(2000, &lossy, &rules()), None);
    assert_eq!(
        life.lacks(&lossy, &rules()),
        ["15 minutes without a lost call"]
    );
    learn(&mut life, 15, &lossy);
    assert_eq!(life.step(3000, &lossy, &rules()), Some(Order::Validate));
}

#[test]
fn data_that_do_not_support_the_budget_send_it_back_to_learning() {
    let mut life = learning();
    learn(&mut life, 20, &FIT);
    assert_eq!(life.step(2000, &FIT, &rules()), Some(Order::Validate));
    let found = Validated {
        over_budget: 40.0,
        more: Duration::from_mins(50),
    };
    assert_eq!(life.validated(2001, found, &FIT, &rules()), None);
    assert_eq!(life.state(), State::Learning);
    assert_eq!(
        life.lacks(&FIT, &rules()),
        ["about 50 minutes more to support 1/day"]
    );
    assert_eq!(life.step(2002, &FIT, &rules()), None, "not at once again");
    learn(&mut life, 5, &FIT);
    assert_eq!(life.step(2300, &FIT, &rules()), Some(Order::Validate));
}

#[test]
fn after_the_longest_time_it_is_watched_unsettled_and_learns_on() {
    let mut life = learning();
    let evidence = Evidence {
        begun_twice: false,
        ..FIT
    };
    learn(&mut life, 24 * 60, &evidence);
    assert_eq!(
        life.step(90_000, &evidence, &rules()),
        Some(Order::Validate)
    );
    let order = life.validated(90_001, SUPPORTED, &evidence, &rules());
    assert_eq!(order, Some(Order::Watch));
    assert_eq!(life.state(), State::Unsettled);
    learn(&mut life, 7 * 60, &FIT);
    assert_eq!(life.step(120_000, &FIT, &rules()), Some(Order::Validate));
    assert_eq!(
        life.validated(120_001, SUPPORTED, &FIT, &rules()),
        Some(Order::Watch)
    );
    assert_eq!(life.state(), State::Watching);
}

#[test]
fn a_person_approves_where_that_is_asked_and_may_at_any_time() {
    let reviewed = Settings {
        review: true,
        ..rules()
    };
    let mut life = learning();
    learn(&mut life, 15, &FIT);
    assert_eq!(life.step(960, &FIT, &reviewed), Some(Order::Validate));
    assert_eq!(life.validated(970, SUPPORTED, &FIT, &reviewed), None);
    assert_eq!(life.state(), State::Settled);
    assert_eq!(life.step(980, &FIT, &reviewed), None);
    assert!(life.approve());
    assert_eq!(life.step(990, &FIT, &reviewed), Some(Order::Watch));
    let mut early = learning();
    early.approve();
    assert_eq!(early.step(61, &FIT, &rules()), Some(Order::Validate));
}

#[test]
fn a_new_release_is_told_once_learned_beside_and_watched_again() {
    let mut life = watching();
    assert!(life.changed(2000));
    assert!(!life.changed(2001), "it was told");
    assert_eq!(life.state(), State::Changed);
    assert!(life.is_grouped(2000 + GROUPED_S - 1));
    assert!(!life.is_grouped(2000 + GROUPED_S));
    learn(&mut life, 15, &FIT);
    assert_eq!(
        life.step(2000 + GROUPED_S, &FIT, &rules()),
        Some(Order::Validate)
    );
    assert_eq!(
        life.validated(3000, SUPPORTED, &FIT, &rules()),
        Some(Order::Watch)
    );
    assert_eq!(life.state(), State::Watching);
    assert!(!learning().changed(5), "what is learned is learned on");
}

#[test]
fn a_life_goes_on_where_it_was_kept() {
    let mut life = learning();
    learn(&mut life, 10, &FIT);
    let text = serde_json::to_string(&life).expect("JSON");
    let mut kept: Life = serde_json::from_str(&text).expect("a life");
    assert_eq!(kept, life);
    kept.resume();
    learn(&mut kept, 5, &FIT);
    assert_eq!(kept.step(5000, &FIT, &rules()), Some(Order::Validate));
    let again = serde_json::to_string(&kept).expect("JSON");
    let mut kept: Life = serde_json::from_str(&again).expect("a life");
    kept.resume();
    assert_eq!(kept.state(), State::Learning, "validating is begun again");
    assert!(serde_json::from_str::<Life>("{\"state\":\"dead\"}").is_err());
}
