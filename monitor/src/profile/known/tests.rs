use super::{First, Known, MOST_NAMES, evidence, family};
use crate::detail::{Access, Detail, PathText};
use crate::profile::class::Class;
use crate::profile::first_seen::FirstSeen;
use crate::profile::prior::{BURST, prior};
use crate::profile::sightings::{FOLDS, Place};
use crate::syscall::event::{Abi, Call, Comm};

fn call(number: u32) -> Call {
    Call {
        abi: Abi::X86_64,
        number,
    }
}

/// What is known of so many seconds of one name and one call.
fn settled(seconds: u32) -> Known {
    let mut known = Known::default();
    for n in 0..seconds {
        learn(&mut known, b"web", 0, n == 0);
    }
    known
}

/// Learns a call a second, each in a life of its own.
fn learn(known: &mut Known, name: &[u8], token: u32, is_new: bool) {
    let place = Place {
        life: known.learned().calls,
        seq: 0,
    };
    known.learn(Comm::new(name), (call(token), token), is_new, 1.0, place);
}

#[test]
fn numbered_names_are_one_family() {
    let family = |name: &[u8]| family(Comm::new(name)).to_string();
    assert_eq!(family(b"worker-12"), "worker-#");
    assert_eq!(family(b"w1r22x"), "w#r#x");
    assert_eq!(family(b"nginx"), "nginx");
}

#[test]
fn new_things_are_worth_as_much_as_they_are_rare_in_an_e_fold() {
    let what = First::Call(call(41));
    let prior = prior(Class::of_call(call(41)));
    let expected = |seen: f64| -((prior.shape + seen) / (prior.folds + FOLDS)).ln();
    let mut known = settled(1000);
    assert!((known.nats(&what) - expected(0.0)).abs() < 1e-12);
    assert_eq!(
        known.nats(&what),
        settled(100_000).nats(&what),
        "by time, not by calls"
    );
    // 42 is connect, of the same class as socket.
    learn(&mut known, b"web", 42, true);
    assert!((known.nats(&what) - expected(1.0).max(0.0)).abs() < 1e-12);
}

#[test]
fn new_things_are_worth_nothing_while_they_come_all_the_time() {
    let mut known = Known::default();
    for n in 0..1000 {
        learn(&mut known, b"web", n, true);
    }
    assert_eq!(known.nats(&First::Call(call(0))), 0.0);
    // Names settled meanwhile.
    assert!(known.nats(&First::Name(Comm::new(b"sh"))) > 1.0);
}

#[test]
fn a_privileged_call_is_worth_more() {
    let known = settled(1000);
    // 165 is mount, 41 socket, 0 read, in the table of x86-64.
    let nats = |number| known.nats(&First::Call(call(number)));
    assert!(nats(165) > nats(41) && nats(41) > nats(0));
}

#[test]
fn a_name_for_which_there_was_no_room_makes_new_names_cheaper() {
    let name = |n: u32| -> Vec<u8> {
        let letters = [n / 676, n / 26 % 26, n % 26];
        letters.iter().map(|&it| b'a' + it as u8).collect()
    };
    let mut known = Known::default();
    for n in 0..MOST_NAMES as u32 {
        learn(&mut known, &name(n), 0, n == 0);
    }
    for _ in 0..9000 {
        learn(&mut known, &name(0), 0, false);
    }
    let before = known.nats(&First::Name(Comm::new(b"zzzz")));
    for n in 0..200 {
        learn(&mut known, &name(5000 + n), 0, false);
    }
    assert_eq!(known.names().len(), MOST_NAMES);
    let after = known.nats(&First::Name(Comm::new(b"zzzz")));
    assert!(before > after && after == 0.0, "{before} {after}");
}

#[test]
fn a_new_name_is_worth_the_same_whether_or_not_there_is_room_for_it() {
    // As many processes a second apart, of which the first `names` have a name of their own, then
    // calm.
    let of = |names: usize| {
        let letters = |n: usize| [n / 676, n / 26 % 26, n % 26].map(|it| b'a' + it as u8);
        let mut known = Known::default();
        for n in 0..20_000 {
            learn(&mut known, &letters(n.min(names - 1)), 0, n == 0);
        }
        known
    };
    let (mut few, mut full) = (of(MOST_NAMES / 2), of(MOST_NAMES));
    let worth = |known: &Known| known.nats(&First::Name(Comm::new(b"zzzz")));
    let prior = prior(Class::Name);
    let rare = worth(&few);
    assert!(rare > 3.0, "{rare}");
    for new in 0..5_u8 {
        let expected = -((prior.shape + f64::from(new)) / (prior.folds + FOLDS)).ln();
        assert!((worth(&few) - expected.max(0.0)).abs() < 1e-12, "{new}");
        assert_eq!(worth(&few), worth(&full), "after {new}");
        for known in [&mut few, &mut full] {
            learn(known, &[b'Z', b'a' + new], 0, false);
        }
    }
    assert_eq!(few.names().len(), MOST_NAMES / 2 + 5);
    assert_eq!(full.names().len(), MOST_NAMES);
    assert!(
        worth(&full) < rare - 1.0,
        "no longer rare: {}",
        worth(&full)
    );
}

#[test]
fn evidence_adds_up_by_how_rarely_new_things_stand_beside_others() {
    let first = |number, nats| FirstSeen {
        seq: 0,
        what: First::Call(call(number)),
        nats,
    };
    let beside = |number| -prior(Class::of_call(call(number))).beside.ln();
    let evidence = |events: &[FirstSeen]| evidence(events, 0.0);
    assert_eq!(evidence(&[]), 0.0);
    assert_eq!(evidence(&[first(0, 4.0)]), 4.0);
    let both = evidence(&[first(0, 4.0), first(41, 3.0)]);
    let expected = (4.0 + beside(41)).max(3.0 + beside(0));
    assert!((both - expected).abs() < 1e-12, "{both}");
    // What is worth nothing by itself is worth nothing beside another.
    assert!((evidence(&[first(0, 4.0), first(1, 0.0)]) - 4.0).abs() < 1e-12);
}

#[test]
fn many_files_at_once_are_evidence_and_the_more_the_rarer_one_of_them_is() {
    let touches = |count: u8| -> Vec<_> {
        let path = |n| Detail::Path(Access::Create, PathText::new(&[b'/', b'a' + n]));
        let first = |n| FirstSeen {
            seq: u64::from(n),
            what: First::Touch(path(n)),
            nats: 0.0,
        };
        (0..count).map(first).collect()
    };
    // One in an e-fold: one new file says nothing, ten of them as much as comes once in a hundred
    // e-folds.
    assert_eq!(evidence(&touches(1), 0.0), 0.0);
    let ten = evidence(&touches(10), 0.0);
    assert!((ten - BURST * 10_f64.ln()).abs() < 1e-9, "{ten}");
    // A service that writes new files all day.
    let busy = evidence(&touches(10), -(20_f64.ln()));
    assert!((ten - busy - 20_f64.ln()).abs() < 1e-9, "{busy}");
    assert_eq!(evidence(&touches(3), -(20_f64.ln())), 0.0);
    // A program that is new brings its own files.
    let program = |nats| FirstSeen {
        seq: 99,
        what: First::Name(Comm::new(b"tar")),
        nats,
    };
    let mut with_program = touches(10);
    with_program.push(program(3.0));
    assert!((evidence(&with_program, 0.0) - evidence(&[program(3.0)], 0.0)).abs() < 1e-9);
    // Beside something else they count as far as they are rare beside it.
    let mut with_call = touches(10);
    with_call.push(FirstSeen {
        seq: 99,
        what: First::Call(call(165)),
        nats: 4.0,
    });
    let beside = -prior(Class::Touch).beside.ln();
    let both = evidence(&with_call, 0.0);
    assert!(both >= ten.max(4.0 + beside), "{both}");
}

#[test]
fn what_was_learned_comes_back_from_its_parts() {
    let mut known = settled(10);
    learn(&mut known, b"worker-3", 7, true);
    learn(&mut known, b"worker-4", 0, false);
    let again = Known::from_parts(known.names(), known.sightings().clone(), known.learned());
    assert_eq!(again.names(), known.names());
    assert_eq!(again.learned().calls, 12);
    let name = again.name(Comm::new(b"worker-99")).expect("of the family");
    assert!(again.made(name, 7) && again.made(name, 0) && !again.made(name, 1));
    assert_eq!(again.name(Comm::new(b"sh")), None);
    let calls = |class| -> Vec<u64> {
        let all = known.sightings().of(class).iter();
        all.map(|at| at.calls).collect()
    };
    assert_eq!(calls(Class::Name), [0, 10]);
    // 0 is read, 7 poll.
    assert_eq!(calls(Class::Call), [0, 10]);
    assert_eq!(calls(Class::CallOfName), [11]);
}
