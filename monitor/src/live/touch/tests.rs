use monitor_common::touch::{LEVEL, LEVELS, MEMORY, NO_RESULT, RULES, Rule, TOUCH, Touched};

use super::fill::{Known, abis};
use super::rule::{rule, rule_of};
use super::{events, returned};
use crate::detail::Reader;
use crate::live::outcomes::Outcomes;
use crate::syscall::event::{Abi, EventKind};
use crate::syscall::table;

fn touched(name: &str, arguments: [u64; 6], memory: &[u8]) -> Touched {
    let mut bytes = [0; MEMORY];
    bytes[..memory.len()].copy_from_slice(memory);
    Touched {
        kind: TOUCH,
        len: memory.len() as u32,
        tgid: std::process::id(),
        tid: 2,
        start_ns: 3,
        seq: 4,
        time_ns: 5,
        comm: [0; 16],
        number: table::number(Abi::X86_64, name).expect("a call"),
        abi_tag: 0,
        result: NO_RESULT,
        directory: -100,
        service: 0,
        arguments,
        word: 0o101,
        flags: 0,
        walked: 0,
        levels: 0,
        whole: 0,
        mode: 0,
        padding: 0,
        memory: bytes,
        names: [[0; LEVEL]; LEVELS],
    }
}

fn detail(touched: &Touched) -> Option<String> {
    match events(touched).next()?.kind {
        EventKind::Touch(touch) => Some(touch.detail.to_string()),
        _ => None,
    }
}

#[test]
fn a_call_that_returns_gives_its_outcome_to_what_it_touched() {
    let open = touched("openat", [0; 6], b"/etc/shadow");
    let denied = Touched {
        result: -13,
        ..open
    };
    let mut waiting: Vec<_> = events(&open).collect();
    let later = events(&denied).next().expect("an event");
    assert!(returned(&mut waiting, &later));
    assert_eq!(waiting.first(), Some(&later));
    let another = Touched { seq: 9, ..denied };
    let another = events(&another).next().expect("an event");
    assert!(!returned(&mut waiting, &another), "another call's");
    assert!(!returned(&mut [], &later));
}

#[test]
fn records_become_details_and_relative_paths_whole_ones() {
    let open = touched("openat", [0, 0, 1, 0, 0, 0], b"/etc/cron.d/x");
    assert_eq!(detail(&open).as_deref(), Some("write:/etc/cron.d/x"));
    let how = touched("openat2", [0; 6], b"/a");
    assert_eq!(detail(&how).as_deref(), Some("create:/a"));
    let here = std::env::current_dir().expect("a directory");
    let relative = touched("openat", [0; 6], b"x");
    let whole = format!("read:{}/x", here.display());
    assert_eq!(detail(&relative), Some(whole));
    let inet = touched("connect", [0; 6], &[2, 0, 0, 80, 10, 0, 0, 1]);
    assert_eq!(detail(&inet).as_deref(), Some("connect:10.0.0.1:80"));
    let map = touched("mmap", [0, 0, 7, 0x20, 0, 0], b"");
    assert_eq!(detail(&map).as_deref(), Some("memory:7"));
}

#[test]
fn there_is_room_for_every_rule_and_none_is_the_empty_one() {
    let mut known = Known(vec![Rule::NONE]);
    for call in abis().iter().flat_map(|&abi| table::calls(abi)) {
        let Some(reader) = Reader::of_call(call) else {
            continue;
        };
        assert_ne!(rule(reader), Rule::NONE, "{reader:?}");
        let also = table::name(call).and_then(Reader::also_of);
        for reader in [Some(reader), also].into_iter().flatten() {
            // With and without an outcome.
            known.place(rule(reader));
            known.place(Rule {
                flags: 0xff,
                ..rule_of(call, reader, &Outcomes::default())
            });
        }
    }
    assert!(known.0.len() < RULES as usize, "{}", known.0.len());
}
