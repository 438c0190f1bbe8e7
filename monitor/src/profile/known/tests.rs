use super::{First, FirstSeen, Known, evidence, family};
use crate::syscall::event::{Abi, Call, Comm};

fn call(number: u32) -> Call {
    Call {
        abi: Abi::X86_64,
        number,
    }
}

/// A profile of `calls` calls of one name, all alike.
fn settled(calls: u64) -> Known {
    let mut known = Known::default();
    for n in 0..calls {
        known.learn(Comm::new(b"web"), 0, n == 0);
    }
    known
}

#[test]
fn numbered_names_are_one_family() {
    let family = |name: &[u8]| family(Comm::new(name)).to_string();
    assert_eq!(family(b"worker-12"), "worker-#");
    assert_eq!(family(b"w1r22x"), "w#r#x");
    assert_eq!(family(b"nginx"), "nginx");
}

#[test]
fn new_things_are_worth_more_the_longer_nothing_new_came() {
    let what = First::Call(call(41));
    let short = settled(1000).nats(&what);
    let long = settled(1_000_000).nats(&what);
    // Half of the calls, none of them new: ln 501 and ln 500,001.
    assert!((short - 501_f64.ln()).abs() < 1e-9, "{short}");
    assert!((long - 500_001_f64.ln()).abs() < 1e-9, "{long}");
}

#[test]
fn new_things_are_worth_little_while_novelty_is_high() {
    let mut known = Known::default();
    for n in 0..1000 {
        known.learn(Comm::new(b"web"), n, true);
    }
    assert!(known.nats(&First::Call(call(41))) < 0.01);
    // Names settled meanwhile.
    assert!(known.nats(&First::Name(Comm::new(b"sh"))) > 6.0);
}

#[test]
fn a_privileged_call_is_worth_more() {
    let known = settled(1000);
    // 165 is mount, 41 socket, in the table of x86-64.
    let more = known.nats(&First::Call(call(165))) - known.nats(&First::Call(call(41)));
    assert!((more - 1000_f64.ln()).abs() < 1e-9, "{more}");
}

#[test]
fn evidence_adds_up_and_a_weak_companion_adds_nothing() {
    let first = |nats| FirstSeen {
        seq: 0,
        what: First::Call(call(1)),
        nats,
    };
    assert_eq!(evidence(&[]), 0.0);
    assert_eq!(evidence(&[first(4.0)]), 4.0);
    assert!((evidence(&[first(14.0)]) - 14.0).abs() < 1e-12);
    let both = evidence(&[first(14.0), first(10.0)]);
    assert!((both - (24.0 - 512_f64.ln())).abs() < 1e-12, "{both}");
    assert!((evidence(&[first(14.0), first(5.0)]) - 14.0).abs() < 1e-12);
}

#[test]
fn what_was_learned_comes_back_from_its_parts() {
    let mut known = settled(10);
    known.learn(Comm::new(b"worker-3"), 7, true);
    known.learn(Comm::new(b"worker-4"), 0, false);
    let again = Known::from_parts(known.names(), known.sightings().clone(), known.learned());
    assert_eq!(again.names(), known.names());
    assert_eq!(again.learned(), 12);
    let name = again.name(Comm::new(b"worker-99")).expect("of the family");
    assert!(again.made(name, 7) && again.made(name, 0) && !again.made(name, 1));
    assert_eq!(again.name(Comm::new(b"sh")), None);
    assert_eq!(known.sightings().names, [0, 10]);
    assert_eq!(known.sightings().calls_of_names, [11]);
}
