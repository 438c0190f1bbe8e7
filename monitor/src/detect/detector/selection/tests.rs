use super::{Asker, RUN, Ration, Selection};

/// Whether a thread that was granted its last call is granted another.
fn asks(selection: &mut Selection, nats: f64) -> bool {
    let picked = Some(selection.asked);
    selection.grants(nats, &mut Asker { picked })
}

/// Nats of asking calls, as many of each of ten sizes.
fn asking(place: u32) -> f64 {
    4.0 + f64::from(place * 7 % 10)
}

#[test]
fn the_most_surprising_calls_are_granted_up_to_the_share() {
    for share in [1.0, 0.3, 0.1, 0.03] {
        let mut selection = Selection::all();
        for place in 0..1000 {
            asks(&mut selection, asking(place));
        }
        selection.set(share);
        let mut granted = Vec::new();
        for place in 0..10_000 {
            if asks(&mut selection, asking(place)) {
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
            if asks(&mut selection, asking(place)) {
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
        asks(&mut selection, asking(place));
    }
    selection.set(0.1);
    assert!(!asks(&mut selection, 4.0));
    selection.asked += 100_000;
    let mut asker = Asker { picked: Some(0) };
    assert!(selection.grants(4.0, &mut asker));
    assert_eq!(asker.picked, Some(selection.asked));
}

#[test]
fn a_thread_that_asks_all_the_time_takes_nothing_from_one_that_asks_once() {
    for share in [0.1, 0.01, 0.001] {
        let mut selection = Selection::all();
        selection.set(share);
        let mut flooding = [Asker::default(); 4];
        let mut granted = 0;
        for place in 0..210_000 {
            for asker in &mut flooding {
                selection.grants(12.0, asker);
            }
            // The threads that flood have begun, too: all of them have had their first by then.
            if place >= 10_000 && place % 10_000 == 9_999 {
                // No more surprising than what floods.
                granted += u32::from(selection.grants(12.0, &mut Asker::default()));
            }
        }
        assert_eq!(granted, 20, "{share}");
    }
}

#[test]
fn without_a_profile_the_first_calls_of_a_thread_are_granted_beside_threads_that_flood() {
    for share in [0.1, 0.01, 0.001] {
        let mut selection = Selection::all();
        selection.set(share);
        let mut flooding = [Ration::new(); 4];
        let (mut taken, mut all) = (0, 0);
        let mut first = 0;
        for round in 0..100_000 {
            for ration in &mut flooding {
                all += 32;
                taken += 32 * u64::from(selection.takes(ration, 32, false));
            }
            if round % 5_000 == 4_999 {
                let mut attack = Ration::new();
                // 400 calls in stretches of 8.
                let scored = (0..50)
                    .filter(|_| selection.takes(&mut attack, 8, false))
                    .count() as u64
                    * 8;
                all += 400;
                taken += scored;
                first += u32::from(scored >= RUN);
            }
        }
        assert_eq!(first, 20, "{share}");
        let more = taken as f64 - share * all as f64;
        assert!(more < 20.0 * RUN as f64, "{more} more than {share}");
    }
}

#[test]
fn without_a_profile_a_slow_thread_has_as_many_runs_as_one_that_floods() {
    let mut selection = Selection::all();
    selection.set(0.02);
    let (mut fast, mut slow) = (Ration::new(), Ration::new());
    let (mut runs, mut offered) = (0, 0);
    for round in 0..400_000 {
        selection.takes(&mut fast, 32, false);
        // A run of its own now and then.
        if round % 4_000 < 4 {
            offered += 1;
            runs += u32::from(selection.takes(&mut slow, 32, false));
        }
    }
    assert!(runs * 10 >= offered * 9, "{runs} of {offered}");
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

/// How many calls are granted of threads of so many calls each, 20 at a time; every `novel`th
/// stretch has a new call.
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
    assert!((0..1000).all(|place| !asks(&mut selection, f64::from(place) / 10.0)));
}

#[test]
fn a_thread_that_does_something_of_its_first_time_is_picked_up_sooner() {
    let mut selection = Selection::all();
    selection.set(0.1);
    let (mut same, mut new) = (Ration::new(), Ration::new());
    // Both have had their first runs.
    for ration in [&mut same, &mut new] {
        (0..RUN / 32).for_each(|_| assert!(selection.takes(ration, 32, false)));
    }
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
