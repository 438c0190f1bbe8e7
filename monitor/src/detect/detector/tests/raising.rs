//! Alarms: when, how often, and what they rest on.

mod needs_onnxruntime {
    use crate::detect::detector::Settings;
    use crate::detect::detector::tests::{detector, ordinary, run, senseless, stretch};
    use crate::detect::verdict::{Alarm, Evidence, Pace, TELLING_NATS, Verdict};
    use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, ThreadKey};
    use crate::syscall::flight::Flight;

    fn alarms(verdicts: &[Verdict]) -> Vec<&Alarm> {
        fn alarm(verdict: &Verdict) -> Option<&Alarm> {
            match verdict {
                Verdict::Alarm(alarm) => Some(alarm),
                _ => None,
            }
        }
        verdicts.iter().filter_map(alarm).collect()
    }

    fn reported(verdicts: &[Verdict]) -> usize {
        let alarms = alarms(verdicts).into_iter();
        alarms.filter(|alarm| alarm.suppressed.is_none()).count()
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn an_alarm_carries_what_it_rests_on_and_is_rescored_to_the_bit() {
        let mut detector = detector(Settings::default());
        let mut calls = ordinary(1000);
        calls.extend(senseless(300, 5));
        let (verdicts, _) = run(&mut detector, &[stretch(1, 0, &calls)], 1);
        let alarm = alarms(&verdicts)[0];
        let last = alarm.flight.first_seq + alarm.flight.calls.len() as u64 - 1;
        assert!((1000..1100).contains(&last), "{last}");
        assert_eq!(alarm.flight.calls.len(), Flight::CALLS);
        assert_eq!(
            alarm.time_ns,
            1_000 * (1 + last),
            "the time of its last call"
        );
        assert_eq!(alarm.evidence, Evidence::Complete);
        assert!(alarm.score > alarm.threshold);
        let place = alarm.flight.first_seq as usize;
        let numbers = alarm.flight.calls.iter().map(|call| call.number as u16);
        assert!(numbers.eq(calls[place..][..Flight::CALLS].iter().copied()));

        assert_eq!(alarm.surprising.len(), 10);
        assert!(alarm.surprising.is_sorted_by_key(|call| call.seq));
        for call in &alarm.surprising {
            assert!(call.surprise >= TELLING_NATS);
            assert_eq!(call.expected.len(), 4);
            let mut all = call.expected.iter();
            let itself = all.find(|one| one.index == call.index);
            let itself = itself.expect("the call is among them");
            assert_eq!(itself.probability, (-call.surprise).exp());
            assert!(
                call.expected
                    .is_sorted_by(|a, b| a.probability >= b.probability)
            );
        }
        let most = alarm.surprising.iter().map(|call| call.surprise);
        assert!(f64::from(most.fold(0.0, f32::max)) > alarm.threshold);

        // Another detector, as `monitor replay` of the stored alarm makes one.
        let mut other = super::super::detector(Settings::default());
        let again = other.rescore(&alarm.flight).expect("it scores");
        let score = again.scores.get(alarm.pace);
        assert_eq!(score.to_bits(), alarm.score.to_bits());
        assert_eq!(again.surprising, alarm.surprising);
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_thread_younger_than_the_recorder_alarms_with_its_running_score() {
        let mut detector = detector(Settings::default());
        let (verdicts, scored) = run(&mut detector, &[stretch(1, 0, &senseless(200, 8))], 1);
        let alarm = alarms(&verdicts)[0];
        assert_eq!(alarm.flight.first_seq, 0);
        assert_eq!(
            alarm.flight.calls.len(),
            32,
            "the first call that may raise"
        );
        let mut scores = crate::detect::threshold::Scores::new(detector.limits());
        scored[..32]
            .iter()
            .filter_map(|call| call.surprise)
            .for_each(|nats| scores.push(nats));
        assert_eq!(alarm.score.to_bits(), scores.get(alarm.pace).to_bits());
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn loss_alone_raises_nothing_and_what_follows_is_marked_as_gapped() {
        let mut detector = detector(Settings::default());
        let calls = senseless(90, 4);
        let (verdicts, _) = run(&mut detector, &[stretch(1, 1_000, &calls)], 1);
        assert!(
            alarms(&verdicts).is_empty(),
            "fewer than 100 calls after a gap"
        );
        let (verdicts, _) = run(&mut detector, &[stretch(1, 1_090, &senseless(100, 6))], 1);
        let alarm = alarms(&verdicts)[0];
        assert_eq!(alarm.evidence, Evidence::Gapped);
        assert_eq!(alarm.flight.first_seq, 1_000);
        let again = detector.rescore(&alarm.flight).expect("it scores");
        let score = again.scores.get(alarm.pace);
        assert_eq!(score.to_bits(), alarm.score.to_bits());
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn the_limit_keeps_alarms_back_and_counts_them() {
        let mut detector = detector(Settings {
            alarms_per_minute: Some(3),
            again_after: None,
            ..Settings::default()
        });
        let events: Vec<_> = (1..=8)
            .map(|tid| stretch(tid, 0, &senseless(64, tid)))
            .collect();
        let (verdicts, _) = run(&mut detector, &events, 2);
        // Three, and of the others those that are heavier than the lightest of them.
        let told = reported(&verdicts);
        assert!((3..8).contains(&told), "{told}");
        let counters = detector.counters();
        assert_eq!(counters.alarms, told as u64);
        assert_eq!(counters.alarms + counters.suppressed, 8);
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn an_alarm_like_one_that_was_told_is_only_counted() {
        let mut detector = detector(Settings::default());
        let events: Vec<_> = (1..=8)
            .map(|tid| stretch(tid, 0, &senseless(64, 1)))
            .collect();
        let (verdicts, _) = run(&mut detector, &events, 2);
        assert_eq!(reported(&verdicts), 1);
        assert_eq!(alarms(&verdicts).len(), 8, "the others are logged");
        let counters = detector.counters();
        assert_eq!(
            (counters.alarms, counters.alike, counters.suppressed),
            (1, 7, 0)
        );
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn thresholds_of_the_settings_replace_those_of_the_manifest() {
        let settings = Settings {
            slow_threshold: Some(1e6),
            fast_threshold: Some(1e6),
            ..Settings::default()
        };
        let (verdicts, _) = run(
            &mut detector(settings),
            &[stretch(1, 0, &senseless(500, 2))],
            1,
        );
        assert!(alarms(&verdicts).is_empty());
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_flight_of_made_up_calls_is_scored_like_any_other() {
        let mut detector = detector(Settings::default());
        let calls = (0..600).map(|n| Call {
            abi: Abi::ALL[n % 5],
            number: u32::MAX - n as u32,
        });
        let flight = Flight {
            first_seq: u64::MAX - 600,
            calls: calls.collect(),
            names: Vec::new(),
            touches: Vec::new(),
        };
        let scores = detector.rescore(&flight).expect("it scores");
        assert!(scores.scores.get(Pace::Slow).is_finite());
        let nothing = Flight {
            first_seq: 0,
            calls: Vec::new(),
            names: Vec::new(),
            touches: Vec::new(),
        };
        assert_eq!(
            detector.rescore(&nothing).expect("it scores").surprising,
            []
        );
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn the_lineage_is_as_of_the_alarm_however_events_are_cut() {
        let at = |tgid, name: &[u8], kind| Event {
            service: ServiceId::NONE,
            thread: ThreadKey {
                tgid,
                tid: tgid,
                start_ns: tgid.into(),
            },
            comm: Comm::new(name),
            time_ns: 0,
            kind,
        };
        let fork = |child_tgid| EventKind::Fork {
            child_tgid,
            child_tid: child_tgid,
        };
        let calls = stretch(1, 0, &senseless(200, 8)).kind;
        let events = [
            at(10, b"nginx", fork(20)),
            at(20, b"sh", EventKind::Exec),
            at(20, b"sh", calls),
            // Afterwards, and so not in the alarm.
            at(10, b"renamed", EventKind::Exec),
            at(20, b"later", EventKind::Exec),
        ];
        for every in [1, 2, events.len()] {
            let mut detector = detector(Settings::default());
            let (verdicts, _) = run(&mut detector, &events, every);
            let kin: Vec<_> = alarms(&verdicts)[0]
                .lineage
                .iter()
                .map(|kin| (kin.tgid, kin.comm.to_string()))
                .collect();
            assert_eq!(kin, [(10, "nginx".to_owned()), (20, "sh".to_owned())]);
        }
    }
}
