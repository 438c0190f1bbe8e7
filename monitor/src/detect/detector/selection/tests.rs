use super::{Ration, Selection};

/// Nats of asking calls, as many of each of ten sizes.
fn asking(place: u32) -> f64 {
    4.0 + f64::from(place * 7 % 10)
}

#[test]
fn the_most_surprising_calls_are_granted_up_to_the_share() {
    for share in [1.0, 0.3, 0.1, 0.03] {
        let mut selection = Selection::all();
        for place in 0..1000 {
            selection.grants(asking(place), 0);
        }
        selection.set(share);
        let mut granted = Vec::new();
        for place in 0..10_000 {
            if selection.grants(asking(place), 0) {
                granted.push(asking(place));
            }
        }
        let part = granted.len() as f64 / 10_000.0;
        assert!((part - share).abs() < 0.01, "{part} of {share}");
        let least = granted.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(least >= 13.0 - 10.0 * share, "{least} at {share}");
    }
}

#[test]
fn a_short_run_too_has_the_most_surprising_calls_granted() {
    for share in [0.3, 0.1] {
        let mut selection = Selection::all();
        selection.set(share);
        let mut granted = Vec::new();
        for place in 0..600 {
            if selection.grants(asking(place), 0) {
                granted.push(asking(place));
            }
        }
        let part = granted.len() as f64 / 600.0;
        assert!((part - share).abs() < 0.02, "{part} of {share}");
        let high = granted.iter().filter(|&&nats| nats >= 13.0 - 10.0 * share);
        let high = high.count() as f64 / granted.len() as f64;
        assert!(high > 0.85, "{high} at {share}");
    }
}

#[test]
fn a_thread_that_was_refused_long_enough_is_granted() {
    let mut selection = Selection::all();
    for place in 0..1000 {
        selection.grants(asking(place), 0);
    }
    selection.set(0.1);
    assert!(!selection.grants(4.0, 0));
    assert!(selection.grants(4.0, 100_000));
}

#[test]
fn without_a_profile_runs_are_granted_up_to_the_share() {
    for share in [1.0, 0.5, 0.1, 0.01] {
        let mut selection = Selection::all();
        selection.set(share);
        let mut rations = [Ration::new(); 20];
        let (mut taken, mut all) = (0, 0);
        for round in 0..5000 {
            let calls = 1 + round % 32;
            for ration in &mut rations {
                all += calls;
                if selection.takes(ration, calls, false) {
                    taken += calls;
                }
            }
        }
        let part = taken as f64 / all as f64;
        assert!((part / share - 1.0).abs() < 0.25, "{part} of {share}");
    }
}

/// How many calls are granted of threads of so many calls each, 20 at a time; every `novel`th stretch has a new call.
fn granted(share: f64, lengths: &[usize], novel: usize) -> usize {
    const STRETCH: usize = 32;
    let mut selection = Selection::all();
    selection.set(share);
    let mut next = lengths.iter().copied();
    let mut threads: Vec<(Ration, usize)> = Vec::new();
    let (mut taken, mut all) = (0, 0);
    loop {
        while threads.len() < 20
            && let Some(length) = next.next()
        {
            threads.push((Ration::new(), length));
        }
        if threads.is_empty() {
            return taken;
        }
        for (ration, left) in &mut threads {
            let calls = STRETCH.min(*left);
            *left -= calls;
            all += calls;
            if selection.takes(ration, calls, (all / STRETCH).is_multiple_of(novel)) {
                taken += calls;
            }
        }
        threads.retain(|&(_, left)| left > 0);
    }
}

#[test]
fn without_a_profile_the_share_is_kept_whatever_is_new_and_however_short_threads_are() {
    let long = [50_000; 20];
    let short: Vec<_> = (0..4000).map(|place| 75 + 401 * place % 900).collect();
    let shortest: Vec<_> = (0..20_000).map(|place| 1 + place * place % 61).collect();
    for share in [0.5, 0.3, 0.1, 0.03] {
        for lengths in [&long[..], &short, &shortest] {
            for novel in [1, 3, 100] {
                let all = lengths.iter().sum::<usize>() as f64;
                let more = granted(share, lengths, novel) as f64 - share * all;
                let case = format!("{more} more than {share} of {all}, every {novel}th new");
                // A run of every thread.
                assert!(more.abs() < 20.0 * 128.0, "{case}");
            }
        }
    }
}

#[test]
fn a_share_of_nothing_grants_nothing() {
    let mut selection = Selection::all();
    selection.set(0.0);
    let mut ration = Ration::new();
    assert!((0..100_000).all(|_| !selection.takes(&mut ration, 32, true)));
    // However much more surprising each is than those before.
    assert!((0..1000).all(|place| !selection.grants(f64::from(place) / 10.0, place)));
}

#[test]
fn a_thread_that_does_something_of_its_first_time_is_picked_up_sooner() {
    let mut selection = Selection::all();
    selection.set(0.1);
    let (mut same, mut new) = (Ration::new(), Ration::new());
    let until = |selection: &mut Selection, ration: &mut Ration, novel| {
        (1..1000)
            .find(|_| selection.takes(ration, 32, novel))
            .expect("once")
    };
    let same = until(&mut selection, &mut same, false);
    assert!(until(&mut selection, &mut new, true) < same);
}

#[test]
fn a_thread_is_warmed_up_from_its_last_calls() {
    let mut ration = Ration::new();
    assert!(ration.note(3) && !ration.note(3) && ration.note(340));
    assert_eq!(ration.recent(), (vec![3, 3, 340], true));
    (0..64).for_each(|index| {
        ration.note(index);
    });
    assert_eq!(ration.recent(), ((32..64).collect(), false));
    ration.restart(false);
    assert_eq!(ration.recent(), (vec![], true));
}
