//! Gaps, repeats, restarted calls, ends.

mod needs_onnxruntime {
    use crate::detect::detector::Settings;
    use crate::detect::detector::tests::{detector, event, ordinary, run, senseless, stretch};
    use crate::detect::verdict::{ThreadEnd, Verdict};
    use crate::syscall::event::{Comm, EventKind};

    fn ends(verdicts: &[Verdict]) -> Vec<&ThreadEnd> {
        fn end(verdict: &Verdict) -> Option<&ThreadEnd> {
            match verdict {
                Verdict::ThreadEnd(end) => Some(end),
                _ => None,
            }
        }
        verdicts.iter().filter_map(end).collect()
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_gap_is_counted_and_the_calls_after_it_are_scored_afresh() {
        let mut detector = detector(Settings::default());
        let calls = ordinary(40);
        let events = [
            stretch(1, 0, &calls),
            stretch(1, 50, &calls),
            event(1, 0, EventKind::Exit { count: 93 }),
        ];
        let (verdicts, scored) = run(&mut detector, &events, 1);
        let without: Vec<_> = scored
            .iter()
            .filter(|call| call.surprise.is_none())
            .collect();
        assert_eq!(
            without.len(),
            1,
            "the first call after the gap is context only"
        );
        assert_eq!(without[0].seq, 50);
        let counters = detector.counters();
        assert_eq!(
            (counters.calls, counters.scored, counters.lost),
            (80, 79, 13)
        );
        assert_eq!(
            (counters.gaps, counters.threads, counters.open_threads),
            (1, 1, 0)
        );
        let end = ends(&verdicts)[0];
        assert_eq!((end.calls, end.scored, end.lost), (93, 79, 13));
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn repeated_calls_change_nothing() {
        let calls = senseless(200, 3);
        let plain = [stretch(1, 0, &calls)];
        let repeating = [
            stretch(1, 0, &calls[..10]),
            stretch(1, 0, &calls[..32]),
            stretch(1, 5, &calls[5..20]),
            stretch(1, 30, &calls[30..]),
            stretch(1, 0, &calls),
        ];
        let (_, expected) = run(&mut detector(Settings::default()), &plain, 1);
        let mut detector = detector(Settings::default());
        let (_, scored) = run(&mut detector, &repeating, 2);
        assert_eq!(scored, expected);
        let counters = detector.counters();
        assert_eq!((counters.calls, counters.lost, counters.gaps), (200, 0, 0));
        assert_eq!(counters.repeated, 10 + 15 + 2 + 200);
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_restarted_call_counts_in_the_sequence_and_in_no_score() {
        let calls = ordinary(60);
        let mut restarted = calls.clone();
        restarted.insert(20, 0);
        let (_, expected) = run(
            &mut detector(Settings::default()),
            &[stretch(1, 0, &calls)],
            1,
        );
        let mut detector = detector(Settings::default());
        let (_, scored) = run(&mut detector, &[stretch(1, 0, &restarted)], 1);
        let surprises = |scored: &[crate::detect::detector::Scored]| {
            scored.iter().map(|call| call.surprise).collect::<Vec<_>>()
        };
        assert_eq!(surprises(&scored), surprises(&expected));
        assert_eq!((scored[19].seq, scored[20].seq), (19, 21));
        let counters = detector.counters();
        assert_eq!(
            (counters.calls, counters.scored, counters.restarts),
            (61, 60, 1)
        );
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_thread_that_was_never_seen_but_ended_was_lost() {
        let mut detector = detector(Settings::default());
        let events = [
            event(1, 5, EventKind::Exit { count: 7 }),
            event(2, 6, EventKind::Exit { count: 0 }),
        ];
        let (verdicts, _) = run(&mut detector, &events, 1);
        let end = ends(&verdicts)[0];
        assert_eq!((end.calls, end.lost, end.mean_surprise), (7, 7, None));
        assert_eq!(verdicts.len(), 1, "a thread without a call is no news");
        assert_eq!(
            (detector.counters().threads, detector.counters().lost),
            (1, 7)
        );
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_full_table_forgets_the_thread_idle_longest_and_takes_it_back_without_loss() {
        let mut detector = detector(Settings {
            max_threads: 2,
            ..Settings::default()
        });
        let calls = ordinary(10);
        let events = [
            stretch(1, 0, &calls),
            stretch(2, 0, &calls),
            stretch(1, 10, &calls),
            stretch(3, 0, &calls),
            stretch(2, 10, &calls),
            event(1, 0, EventKind::Exit { count: 20 }),
        ];
        let (verdicts, scored) = run(&mut detector, &events, usize::MAX);
        let tids: Vec<_> = ends(&verdicts).iter().map(|end| end.thread.tid).collect();
        assert_eq!(tids, [2, 1], "thread 1 is told of once");
        let counters = detector.counters();
        assert_eq!((counters.evicted, counters.lost, counters.gaps), (2, 0, 0));
        assert_eq!((counters.threads, counters.open_threads), (3, 2));
        assert_eq!(scored.len(), 50);
        assert_eq!(
            counters.scored, 49,
            "the first call of thread 2's return is context"
        );
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn exec_changes_the_name_and_not_the_stream() {
        let calls = ordinary(100);
        let mut exec = event(1, 5, EventKind::Exec);
        exec.comm = Comm::new(b"other");
        let (_, expected) = run(
            &mut detector(Settings::default()),
            &[stretch(1, 0, &calls)],
            1,
        );
        let mut detector = detector(Settings::default());
        let events = [stretch(1, 0, &calls[..50]), exec.clone()];
        let (mut verdicts, mut scored) = run(&mut detector, &events, 1);
        let mut rest = stretch(1, 50, &calls[50..]);
        rest.comm = exec.comm;
        scored.extend(run(&mut detector, &[rest], 1).1);
        detector.finish(&mut verdicts).expect("it scores");
        assert_eq!(scored, expected);
        assert_eq!(ends(&verdicts)[0].comm, exec.comm);
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn impossible_sequence_numbers_are_survived() {
        let mut detector = detector(Settings::default());
        let end = |count| event(1, 0, EventKind::Exit { count });
        let events = [
            stretch(1, 1_000, &senseless(600, 9)),
            stretch(1, u64::MAX / 2_000, &senseless(600, 9)),
            end(u64::MAX),
            end(u64::MAX),
        ];
        let mut events = events.to_vec();
        if let EventKind::Calls(stretch) = &mut events[1].kind {
            stretch.first_seq = u64::MAX - 3;
        }
        let (verdicts, scored) = run(&mut detector, &events, 1);
        assert_eq!(scored.len(), 1200);
        assert_eq!(ends(&verdicts).len(), 2);
        assert_eq!(detector.counters().lost, u64::MAX);
    }
}
