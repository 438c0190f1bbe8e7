use super::super::run;
use super::{
    Call, Comm, EventKind, NEVER, Stretch, alarms, event, ordinary, profile, profiled, renamed,
    senseless, stretch,
};
use crate::detect::detector::Adapting;
use crate::detect::verdict::{Aftermath, Pace, SurprisingCall, TELLING_NATS, Verdict};
use crate::profile::Thresholds;
use crate::profile::accepted::{BEFORE, Sequence};
use crate::profile::first_seen::First;
use crate::syscall::event::Abi;

const SEQUENCE: Thresholds = Thresholds {
    sequence: 40.0,
    drift: 0.01,
    ..NEVER
};

#[test]
#[ignore = "needs onnxruntime"]
fn what_the_service_does_is_hardly_a_surprise_and_the_model_is_not_asked() {
    let mut detector = profiled(profile(20_000), SEQUENCE);
    let (verdicts, scored) = run(&mut detector, &[stretch(1, 0, &ordinary(2_000))], 1);
    assert!(alarms(&verdicts).is_empty());
    let mean: f32 = scored.iter().filter_map(|call| call.surprise).sum::<f32>() / 2_000.0;
    assert!(mean < 0.1, "{mean}");
    assert!(detector.counters().asked < 10);
}

#[test]
#[ignore = "needs onnxruntime"]
fn the_model_bounds_the_surprise_of_a_call_that_the_service_never_made_there() {
    let mut detector = profiled(profile(20_000), NEVER);
    let mut calls = ordinary(500);
    calls.extend([5, 3, 3, 6]);
    let (_, scored) = run(&mut detector, &[stretch(1, 0, &calls)], 1);
    let asked: Vec<_> = scored
        .iter()
        .filter_map(|call| Some((call.seq, call.surprise?, call.own?)))
        .filter(|(.., own)| own.asked)
        .collect();
    assert!(!asked.is_empty());
    for (seq, surprise, own) in asked {
        let Some(lstm) = own.lstm else {
            panic!("call {seq} has {seq} calls before it");
        };
        let weight = 0.5;
        let lstm = (-f64::from(lstm)).exp() * own.share;
        let expected = -(weight * (-f64::from(own.ngram)).exp() + (1.0 - weight) * lstm).ln();
        assert!((f64::from(surprise) - expected).abs() < 1e-3, "call {seq}");
        assert!(surprise < own.ngram + 0.7, "no more than ln 2 above");
    }
}

#[test]
#[ignore = "needs onnxruntime"]
fn a_tail_says_what_the_run_said_and_changes_nothing() {
    let mut calls = ordinary(500);
    calls.extend([5, 3, 20, 3, 6]);
    let events = [stretch(1, 0, &calls), stretch(2, 0, &ordinary(40))];
    let after = [stretch(1, 505, &ordinary(100))];
    let mut detector = profiled(profile(20_000), SEQUENCE);
    let (_, scored) = run(&mut detector, &events, 1);
    let tails = detector.tails(8, 16).expect("it scores");
    let (_, looked_at) = run(&mut detector, &after, 1);
    assert_eq!(tails.len(), 2);
    // The one that is nearer to a threshold comes first.
    assert_eq!(tails[0].thread.tid, 1);
    let nearest = tails[0].nearest.expect("a threshold");
    assert_eq!((nearest.pace, nearest.threshold), (Pace::Sequence, 40.0));
    assert!(nearest.score > 0.0);
    let said: Vec<_> = scored[..505].iter().map(|it| it.surprise).collect();
    let tail: Vec<_> = tails[0].last.iter().map(|it| it.surprise).collect();
    assert_eq!(tail, said[505 - 16..]);
    let odd = tails[0].last.iter().find(|it| it.breaks).expect("one");
    assert!(!odd.expected.is_empty());
    assert_eq!(detector.tails(1, 4).expect("it scores")[0].last.len(), 4);
    let mut other = profiled(profile(20_000), SEQUENCE);
    run(&mut other, &events, 1);
    assert_eq!(run(&mut other, &after, 1).1, looked_at);
}

#[test]
#[ignore = "needs onnxruntime"]
fn an_alarm_says_how_often_the_pair_was_made_and_is_rescored_to_the_bit() {
    let mut detector = profiled(profile(20_000), SEQUENCE);
    let mut calls = ordinary(1_000);
    calls.extend(senseless(300, 5));
    let (verdicts, _) = run(&mut detector, &[stretch(1, 0, &calls)], 1);
    let alarm = alarms(&verdicts)[0];
    assert_eq!(alarm.pace, Pace::Sequence);
    assert!((5..=10).contains(&alarm.surprising.len()));
    let telling = |call: &SurprisingCall| call.surprise >= TELLING_NATS;
    assert!(alarm.surprising.iter().all(telling));
    let odd = alarm.surprising.iter().filter(|call| call.surprise > 4.0);
    assert!(odd.clone().count() >= 5);
    for call in odd {
        let (before, pairs) = call.pair.expect("none is the first of the flight");
        let place = (call.seq - alarm.flight.first_seq) as usize;
        assert_eq!(before, alarm.flight.calls[place - 1]);
        assert!(pairs < 10, "pairs that the service made are no surprise");
        assert_eq!(call.expected.len(), 4);
        assert!(call.expected.iter().all(|one| one.call.is_some()));
        assert!(
            call.expected
                .is_sorted_by(|a, b| a.probability >= b.probability)
        );
        let mut all = call.expected.iter();
        let itself = all.find(|one| one.call == Some(call.call));
        let itself = itself.expect("the call is among them");
        assert_eq!(itself.probability, (-call.surprise).exp());
    }
    let mut other = profiled(profile(20_000), SEQUENCE);
    let again = other.rescore(&alarm.flight).expect("it scores");
    assert_eq!(
        again.scores.get(alarm.pace).to_bits(),
        alarm.score.to_bits()
    );
    assert_eq!(again.surprising, alarm.surprising);
    assert_eq!(again.first_seen, alarm.first_seen);
}

#[test]
#[ignore = "needs onnxruntime"]
fn new_things_raise_an_alarm_however_little_they_are_among_the_rest() {
    // One new thing is below the limit, a privileged one above.
    let limits = Thresholds {
        first_seen: 2.5,
        ..NEVER
    };
    let with = |number| {
        let mut calls = ordinary(700);
        calls[600] = number;
        calls
    };
    let mut detector = profiled(profile(10_000), limits);
    // 199 is getuid32 and 21 mount in the i386 table.
    let (verdicts, _) = run(&mut detector, &[stretch(1, 0, &with(199))], 1);
    assert!(alarms(&verdicts).is_empty());
    let (verdicts, _) = run(&mut detector, &[stretch(2, 0, &with(21))], 1);
    let [alarm] = alarms(&verdicts)[..] else {
        panic!("one alarm: {verdicts:?}");
    };
    assert_eq!(alarm.pace, Pace::FirstSeen);
    let mount = Call {
        abi: Abi::I386,
        number: 21,
    };
    assert_eq!(alarm.first_seen[0].what, First::Call(mount));
    assert_eq!(alarm.first_seen[0].seq, 600);
    let again = detector.rescore(&alarm.flight).expect("it scores");
    assert_eq!(
        again.scores.get(alarm.pace).to_bits(),
        alarm.score.to_bits()
    );

    // A name that the service never ran, and a call that it never made, in one process.
    let events = [
        renamed(stretch(3, 0, &ordinary(40)), b"test"),
        renamed(stretch(3, 40, &[199]), b"sh"),
    ];
    let (verdicts, _) = run(&mut detector, &events, 1);
    let [alarm] = alarms(&verdicts)[..] else {
        panic!("one alarm: {verdicts:?}");
    };
    let what: Vec<_> = alarm
        .first_seen
        .iter()
        .map(|first| first.what.clone())
        .collect();
    let getuid = Call {
        abi: Abi::I386,
        number: 199,
    };
    assert_eq!(what, [First::Name(Comm::new(b"sh")), First::Call(getuid)]);
    let again = detector.rescore(&alarm.flight).expect("it scores");
    assert_eq!(again.first_seen, alarm.first_seen);
}

#[test]
#[ignore = "needs onnxruntime"]
fn what_was_accepted_is_quiet() {
    let odd = [6, 197, 5, 6, 197, 197, 5, 20].repeat(20);
    let mut calls = ordinary(600);
    calls.extend(&odd);
    let stretches = [stretch(1, 0, &calls)];
    let mut detector = profiled(profile(20_000), SEQUENCE);
    assert!(!alarms(&run(&mut detector, &stretches, 1).0).is_empty());
    let mut accepting = profile(20_000);
    let tokens: Vec<_> = calls
        .iter()
        .map(|&number| {
            let call = Call {
                abi: Abi::I386,
                number: u32::from(number),
            };
            u16::try_from(accepting.vocabulary.token(call)).expect("a short one")
        })
        .collect();
    let sequences = tokens
        .windows(6)
        .map(|w| Sequence::try_from(w).expect("six of them"));
    accepting.accepted.sequences.extend(sequences);
    let mut detector = profiled(accepting, SEQUENCE);
    assert_eq!(alarms(&run(&mut detector, &stretches, 1).0).len(), 0);
    assert_ne!(tokens[0], BEFORE);
}

#[test]
#[ignore = "needs onnxruntime"]
fn it_learns_on_from_calm_stretches_alone_and_slowly() {
    const HOUR_NS: u64 = 3_600_000_000_000;
    let at = |tid, seq: u64, numbers: &[u16], hour: u64| {
        let mut one = stretch(tid, seq, numbers);
        one.time_ns = hour * HOUR_NS + 1;
        if let EventKind::Calls(Stretch { last_ns, .. }) = &mut one.kind {
            *last_ns = one.time_ns;
        }
        one
    };
    let learned = |events: &[_]| {
        let mut detector = profiled(profile(100_000), SEQUENCE);
        detector.adapt(Adapting::default());
        run(&mut detector, events, 1);
        detector.counters().adapted
    };
    let calm = ordinary(10_000);
    let odd: Vec<u16> = senseless(10_000, 3);
    // A hundredth of 100,000 calls an hour, by halves of a flight.
    assert_eq!(learned(&[at(1, 0, &calm, 0), at(1, 10_000, &calm, 0)]), 0);
    assert_eq!(
        learned(&[at(1, 0, &calm, 0), at(1, 10_000, &calm, 1)]),
        1024
    );
    // However long nothing happened, what may be learned at once is that of one hour.
    assert_eq!(
        learned(&[at(1, 0, &calm, 0), at(1, 10_000, &calm, 100)]),
        1024
    );
    assert_eq!(learned(&[at(1, 0, &odd, 0), at(1, 10_000, &odd, 9)]), 0);
    // Without a time nothing is learned.
    let mut timeless = at(1, 0, &calm, 9);
    timeless.time_ns = 0;
    if let EventKind::Calls(Stretch { last_ns, .. }) = &mut timeless.kind {
        *last_ns = 0;
    }
    assert_eq!(learned(&[timeless]), 0);
}

#[test]
#[ignore = "needs onnxruntime"]
fn the_thread_of_an_alarm_is_followed_a_little_further() {
    let mut calls = ordinary(600);
    calls.extend(senseless(300, 5));
    let mut detector = profiled(profile(20_000), SEQUENCE);
    let (mut verdicts, _) = run(&mut detector, &[stretch(1, 0, &calls)], 1);
    let alarm = alarms(&verdicts)[0];
    let after = |verdict: &Verdict| match verdict {
        Verdict::Aftermath(after) => Some(after.clone()),
        _ => None,
    };
    let after = verdicts.iter().find_map(after).expect("what followed");
    assert_eq!(after.alarm, alarm.id);
    let last = alarm.flight.first_seq + alarm.flight.calls.len() as u64;
    assert_eq!(after.first_seq, last);
    let kept = after.calls.len();
    assert!(
        (1..=Aftermath::CALLS).contains(&kept),
        "up to the next alarm of the episode"
    );
    let numbers = after.calls.iter().map(|call| call.number as u16);
    assert!(numbers.eq(calls[last as usize..][..kept].iter().copied()));
    assert!(!after.ended);

    // A thread that ends before that.
    let made = after.first_seq;
    let mut detector = profiled(profile(20_000), SEQUENCE);
    verdicts.clear();
    let mut short = calls[..made as usize].to_vec();
    short.extend(ordinary(3));
    let short = stretch(2, 0, &short);
    detector.push(&short);
    detector.push(&event(2, 0, EventKind::Exit { count: made + 3 }));
    detector.score(&mut verdicts).expect("it scores");
    let [
        Verdict::Alarm(_),
        Verdict::Aftermath(after),
        Verdict::ThreadEnd(_),
    ] = &verdicts[..]
    else {
        panic!("an alarm, what followed, and the end: {verdicts:?}");
    };
    assert_eq!((after.calls.len(), after.ended), (3, true));
}
