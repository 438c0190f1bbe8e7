//! Whatever came before, a privileged call that the service never made is named in a statement.

mod needs_onnxruntime {
    use std::cell::RefCell;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::super::profiled::{profile, profiled};
    use super::super::{event, ordinary, run, senseless, stretch};
    use crate::detect::detector::Detector;
    use crate::detect::verdict::{Alarm, Verdict};
    use crate::incident::Incidents;
    use crate::profile::Thresholds;
    use crate::profile::first_seen::First;
    use crate::syscall::event::{Abi, Call, Comm, Event, EventKind};
    use crate::trace::recording::{Header, RecordingReader, RecordingWriter};

    /// Calls of i386 that only a privileged process has a use for, and that no other part of a
    /// trace makes: bpf, finit_module, userfaultfd, open_tree, fsmount, pidfd_getfd.
    const PRIVILEGED: [u16; 6] = [357, 350, 374, 428, 432, 438];

    /// What a thread may do before.
    #[derive(Clone, Debug)]
    enum Part {
        Ordinary(usize),
        Noise(usize, u32),
        Renames(u8),
        Privileged(usize),
        Gap(u64),
    }

    fn part() -> impl Strategy<Value = (u32, Part)> {
        let part = prop_oneof![
            (1..400_usize).prop_map(Part::Ordinary),
            (1..400_usize, 1..u32::MAX).prop_map(|(calls, seed)| Part::Noise(calls, seed)),
            (1..60_u8).prop_map(Part::Renames),
            (0..PRIVILEGED.len() - 1).prop_map(Part::Privileged),
            (1..50_u64).prop_map(Part::Gap),
        ];
        (1..4_u32, part)
    }

    /// Threads in the making: where each of them stands.
    #[derive(Default)]
    struct Trace {
        events: Vec<Event>,
        made: [u64; 8],
    }

    impl Trace {
        fn calls(&mut self, tid: u32, comm: &[u8], numbers: &[u16]) {
            for numbers in numbers.chunks(32) {
                let mut one = stretch(tid, self.made[tid as usize], numbers);
                one.comm = Comm::new(comm);
                self.events.push(one);
                self.made[tid as usize] += numbers.len() as u64;
            }
        }

        fn add(&mut self, tid: u32, part: &Part) {
            match *part {
                Part::Ordinary(calls) => self.calls(tid, b"test", &ordinary(calls)),
                Part::Noise(calls, seed) => self.calls(tid, b"test", &senseless(calls, seed)),
                Part::Renames(names) => {
                    for name in 0..names {
                        let name = [b'a' + name % 26, b'a' + name / 26];
                        self.calls(tid, &name, &ordinary(1));
                    }
                }
                // The last one is left for the end.
                Part::Privileged(which) => self.calls(tid, b"test", &[PRIVILEGED[which]]),
                Part::Gap(calls) => self.made[tid as usize] += calls,
            }
        }
    }

    /// A trace that alarms, and at its end a privileged call of some thread; maybe a little after
    /// it.
    fn trace() -> impl Strategy<Value = (Trace, u32, u16, usize)> {
        let parts = prop::collection::vec(part(), 1..12);
        let ends = prop_oneof![Just(false), Just(true)];
        (parts, 1..6_u32, 0..40_usize, 1..u32::MAX, ends).prop_map(
            |(parts, tid, after, seed, ends)| {
                let mut trace = Trace::default();
                for (tid, part) in &parts {
                    trace.add(*tid, part);
                }
                // Whatever it is so far, it alarms by the noise at least.
                trace.add(1, &Part::Noise(200, seed));
                let number = PRIVILEGED[PRIVILEGED.len() - 1];
                trace.calls(tid, b"test", &[number]);
                trace.add(tid, &Part::Ordinary(after));
                if ends {
                    let count = trace.made[tid as usize];
                    trace.events.push(event(tid, 0, EventKind::Exit { count }));
                }
                (trace, tid, number, 1 + after)
            },
        )
    }

    impl std::fmt::Debug for Trace {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{} events, made {:?}", self.events.len(), self.made)
        }
    }

    fn detector() -> Detector {
        // A privileged call by itself is no alarm: it is worth less than 4 nats.
        let limits = Thresholds {
            sequence: 40.0,
            drift: 0.01,
            first_seen: 10.0,
        };
        profiled(profile(20_000), limits)
    }

    fn alarms(verdicts: &[Verdict]) -> Vec<&Alarm> {
        let mut alarms = Vec::new();
        for verdict in verdicts {
            if let Verdict::Alarm(alarm) = verdict {
                alarms.push(alarm.as_ref());
            }
        }
        alarms
    }

    /// The same events as `monitor replay` reads them from a file.
    fn recorded(events: &[Event]) -> Vec<Event> {
        let header = Header {
            started_unix_ns: 1,
            started_monotonic_ns: 1,
            native: Abi::I386,
            kernel: String::new(),
            targets: String::new(),
        };
        let mut writer = RecordingWriter::new(Vec::new(), &header).expect("memory");
        for event in events {
            writer.event(event).expect("memory");
        }
        let bytes = writer.finish(1).expect("memory");
        let reader = RecordingReader::new("memory".into(), &bytes[..]).expect("a recording");
        reader.map(|event| event.expect("whole")).collect()
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_privileged_call_after_any_trace_that_alarms_is_named() {
        let live = RefCell::new(detector());
        let replayed = RefCell::new(detector());
        let config = Config {
            cases: 300,
            failure_persistence: None,
            ..Config::default()
        };
        let strategy = (trace(), 1..40_usize);
        let held = TestRunner::new(config).run(&strategy, |((trace, _, number, _), every)| {
            let again = recorded(&trace.events);
            prop_assert_eq!(&again, &trace.events);
            for (detector, events, every) in [
                (&live, &trace.events, every),
                (&replayed, &again, again.len()),
            ] {
                let detector = &mut *detector.borrow_mut();
                let (mut verdicts, _) = run(detector, events, every);
                detector.finish(&mut verdicts).expect("it scores");
                let wanted = First::Call(Call {
                    abi: Abi::I386,
                    number: number.into(),
                });
                let alarms = alarms(&verdicts);
                prop_assert!(!alarms.is_empty(), "it alarms by the noise at least");
                let names = |alarm: &&Alarm| alarm.first_seen.iter().any(|it| it.what == wanted);
                prop_assert!(alarms.iter().any(names), "no alarm names it");
                let mut incidents = Incidents::new(None);
                let mut statements = Vec::new();
                for alarm in alarms {
                    incidents.alarm(alarm, &mut statements);
                }
                incidents.finish(&mut statements);
                let named = statements
                    .iter()
                    .any(|statement| statement.first_seen.iter().any(|it| it.what == wanted));
                prop_assert!(named, "no incident names it");
            }
            Ok(())
        });
        held.expect("nothing hides");
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn a_thread_that_is_gapped_again_and_again_is_heard_at_its_first_call() {
        let limits = Thresholds {
            first_seen: 2.5,
            ..Thresholds::NEVER
        };
        let mut detector = profiled(profile(20_000), limits);
        let mut trace = Trace::default();
        for _ in 0..100 {
            trace.add(1, &Part::Ordinary(3));
            trace.add(1, &Part::Gap(5));
        }
        trace.calls(1, b"test", &[357]);
        let (verdicts, _) = run(&mut detector, &trace.events, 7);
        let alarms = alarms(&verdicts);
        assert_eq!(alarms.len(), 1);
        assert_eq!(
            alarms[0].flight.calls.len(),
            1,
            "of what came since the gap"
        );
    }

    #[test]
    #[ignore = "needs onnxruntime"]
    fn what_another_thread_does_beside_a_like_alarm_is_reported() {
        // The same noise in two threads: the second alarm is alike, its finit_module is not.
        let mut calls = ordinary(100);
        calls.extend(senseless(200, 5));
        let mut second = calls.clone();
        second.push(350);
        let limits = Thresholds {
            sequence: 40.0,
            drift: 0.01,
            ..Thresholds::NEVER
        };
        let runtime = crate::model::runtime::Runtime::load(None).expect("ORT_DYLIB_PATH");
        let model = crate::model::Model::embedded(&runtime).expect("the default model");
        let settings = crate::detect::detector::Settings::default();
        let mut detector = Detector::with_profile(model, profile(20_000), limits, settings);
        let (verdicts, _) = run(
            &mut detector,
            &[stretch(1, 0, &calls), stretch(2, 0, &second)],
            2,
        );
        let told: Vec<_> = alarms(&verdicts)
            .into_iter()
            .filter(|alarm| alarm.suppressed.is_none())
            .collect();
        let last = told.last().expect("alarms");
        let what = |first: &crate::profile::first_seen::FirstSeen| match first.what {
            First::Call(call) => call.number,
            _ => 0,
        };
        assert_eq!(last.thread.tid, 2);
        assert!(last.first_seen.iter().any(|first| what(first) == 350));
    }
}
