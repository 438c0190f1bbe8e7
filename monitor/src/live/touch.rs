//! What calls touch, out of the kernel: the probe's rules, and details from its records.

use aya::{
    Ebpf,
    maps::{Array, Map, MapData},
};
use monitor_common::{
    abi::Abi,
    names,
    touch::{self, Memory, NO_RESULT, Rule, Touched, rule_place},
};

use super::error::ProbeError;
use super::io_uring;
use super::located::located;
use super::outcomes::Outcomes;
use crate::{
    detail::{Contact, Detail, Outcome, Reader, Returns, Touch},
    syscall::{
        event::{Call, Comm, Event, EventKind, ServiceId, ThreadKey},
        table,
    },
};

/// How much of what calls touch is read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Details {
    /// Nothing.
    Off,
    /// Flags, requests and kinds: no string and no address leaves the kernel.
    Classes,
    /// Paths and addresses too.
    #[default]
    Full,
}

/// Records a second, on all CPUs together, that are sent at most; the others are counted, and sent when they come again.
pub(super) const MOST_A_SECOND: u32 = 4096;

/// Whether what the reader reads is no string and no address.
fn is_class(reader: Reader) -> bool {
    let memory = rule(reader).memory;
    memory == Memory::None as u8
        || memory == Memory::Word as u8
        || memory == Memory::WordBehind as u8
}

/// The rule of a call of a table.
fn rule_of(call: Call, reader: Reader, outcomes: &Outcomes) -> Rule {
    let mut rule = rule(reader);
    // `compat_sys_sendmsg` is x32's too (arch/x86/entry/syscalls/syscall_64.tbl).
    if matches!(call.abi, Abi::I386 | Abi::X32 | Abi::Arm) {
        rule.flags |= touch::SHORT_POINTERS;
    }
    let name = table::name(call).unwrap_or_default();
    if call.abi == table::host() && outcomes.has(name) {
        rule.flags |= match reader.returns() {
            Returns::Unasked => 0,
            Returns::Asked => touch::OUTCOME,
            Returns::AskedOfFailure => touch::OUTCOME_OF_FAILURE,
        };
        if reader.opens() {
            rule.flags |= touch::OPENS;
        }
    }
    rule
}

/// A rule by which the probe reads for `reader`.
fn rule(reader: Reader) -> Rule {
    let mut rule = Rule::NONE;
    rule.folder = reader.folder().unwrap_or(touch::NO_ARGUMENT);
    let mut masks = [0; 6];
    let mut counts = |place: u8, bits: u64| {
        if let Some(mask) = masks.get_mut(usize::from(place)) {
            *mask |= bits;
        }
    };
    const ALL: u64 = 0xffff_ffff;
    match reader {
        Reader::Open { path, flags } => {
            // O_ACCMODE, O_CREAT and O_TRUNC: no other flag makes another access.
            counts(flags, 0o1103);
            (rule.memory, rule.pointer) = (Memory::Text as u8, path);
        }
        Reader::OpenHow { path, how } => {
            (rule.memory, rule.pointer) = (Memory::TextAndWord as u8, path);
            rule.second = how;
        }
        Reader::Path { path, .. } => {
            (rule.memory, rule.pointer) = (Memory::Text as u8, path);
        }
        Reader::Address { contact, address } => {
            (rule.memory, rule.pointer) = (Memory::Address as u8, address);
            rule.second = address + 1;
            rule.flags |= if contact == Contact::Connect {
                0
            } else {
                touch::ANY_CLIENT_PORT
            };
        }
        Reader::Message => {
            (rule.memory, rule.pointer) = (Memory::Message as u8, 1);
            rule.flags |= touch::ANY_CLIENT_PORT;
        }
        Reader::SocketCall => {
            counts(0, 0xff);
            (rule.memory, rule.pointer) = (Memory::SocketCall as u8, 1);
        }
        Reader::MapStructure => {
            (rule.memory, rule.pointer) = (Memory::WordBehind as u8, 0);
            // PROT_EXEC in the low half: other memory is no detail.
            (rule.condition, rule.needed) = (touch::WORD, 4);
        }
        Reader::Number { argument, bits, .. } => counts(argument, bits),
        Reader::CloneStructure { argument } => {
            (rule.memory, rule.pointer) = (Memory::Word as u8, argument);
        }
        Reader::Map => {
            counts(2, 7);
            counts(3, 0x20);
            // PROT_EXEC: other memory is no detail.
            (rule.condition, rule.needed) = (2, 4);
        }
        Reader::Protect => {
            counts(2, 7);
            (rule.condition, rule.needed) = (2, 4);
        }
        Reader::Socket => {
            counts(0, ALL);
            counts(1, 0xf);
        }
        Reader::Signal { signal, process } => {
            counts(signal, 0xff);
            rule.process = process.unwrap_or(touch::NO_ARGUMENT);
        }
        Reader::ForeignMemory { .. } => rule.process = 0,
    }
    rule.masks = masks;
    rule
}

/// The ABIs of a kernel of this machine.
fn abis() -> &'static [Abi] {
    if cfg!(target_arch = "aarch64") {
        &[Abi::Aarch64, Abi::Arm]
    } else {
        &[Abi::X86_64, Abi::I386, Abi::X32]
    }
}

/// Writes the rules of every call that has a reader, as far as `details` wants them, and the classes of outcomes.
///
/// # Errors
///
/// When the kernel refuses.
pub(super) fn fill(
    ebpf: &mut Ebpf,
    details: Details,
    outcomes: &Outcomes,
) -> Result<(), ProbeError> {
    let mut of_calls = Vec::new();
    let mut known = Known(vec![Rule::NONE]);
    for &abi in abis() {
        for call in table::calls(abi) {
            let Some(reader) = Reader::of_call(call) else {
                continue;
            };
            if details == Details::Off || details == Details::Classes && !is_class(reader) {
                continue;
            }
            let mut rule = rule_of(call, reader, outcomes);
            if let Some(also) = table::name(call).and_then(Reader::also_of) {
                let second = Rule {
                    flags: touch::SECOND,
                    ..self::rule(also)
                };
                rule = known.before(rule, second);
            }
            if let Some(at) = rule_place(abi.tag(), call.number) {
                of_calls.push((at, known.place(rule)));
            }
        }
    }
    for call in table::calls(Abi::IoUring).filter(|_| details == Details::Full) {
        let Some((mut rule, second)) = table::name(call).and_then(io_uring::rules) else {
            continue;
        };
        if let Some(second) = second {
            rule = known.before(rule, second);
        }
        if let Some(at) = rule_place(call.abi.tag(), call.number) {
            of_calls.push((at, known.place(rule)));
        }
    }
    // All stay in the loader's hands: a map that nobody holds is gone before the programs are loaded.
    let mut rule_of: Array<&mut MapData, u8> = map(ebpf, names::RULE_OF)?.try_into()?;
    for (place, id) in of_calls {
        rule_of.set(place, id, 0)?;
    }
    let mut rules: Array<&mut MapData, [u8; 64]> = map(ebpf, names::TOUCH_RULES)?.try_into()?;
    for (place, rule) in (0..touch::RULES).zip(&known.0) {
        rules.set(place, rule.to_bytes(), 0)?;
    }
    let mut classes: Array<&mut MapData, u8> = map(ebpf, names::OUTCOME_OF)?.try_into()?;
    for error in 0..MOST_ERRORS {
        let outcome = Outcome::of_result(-i64::from(error));
        classes.set(error, 1 << (outcome.tag() - 1), 0)?;
    }
    Ok(())
}

/// Errors that the kernel can return (`MAX_ERRNO`, include/linux/err.h), and none.
const MOST_ERRORS: u32 = 4096;

/// Rules, each once.
struct Known(Vec<Rule>);

impl Known {
    /// The rule `second` with `rule` behind it: the outcome of a call is that of what is read last.
    fn before(&mut self, rule: Rule, second: Rule) -> Rule {
        Rule {
            next: self.place(rule),
            ..second
        }
    }

    /// The number of a rule.
    fn place(&mut self, rule: Rule) -> u8 {
        let known = self.0.iter().position(|it| *it == rule);
        let place = known.unwrap_or_else(|| {
            self.0.push(rule);
            self.0.len() - 1
        });
        // A test holds that there are few.
        u8::try_from(place).unwrap_or(0)
    }
}

fn map<'a>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut Map, ProbeError> {
    ebpf.map_mut(name).ok_or(ProbeError::Missing(name))
}

/// The events of a record: what the call touched, and the file behind that where a link led there. None when its call has no
/// reader or touched nothing.
pub(super) fn events(touched: &Touched) -> impl Iterator<Item = Event> {
    let found = found(touched);
    let thread = ThreadKey {
        tgid: touched.tgid,
        tid: touched.tid,
        start_ns: touched.start_ns,
    };
    let (comm, service) = (Comm(touched.comm), ServiceId(touched.service));
    let (seq, time_ns) = (touched.seq, touched.time_ns);
    let outcome = (touched.result != NO_RESULT).then(|| Outcome::of_result(touched.result));
    found.into_iter().flat_map(move |(call, details)| {
        details.into_iter().map(move |detail| Event {
            thread,
            comm,
            service,
            time_ns,
            kind: EventKind::Touch(Touch {
                seq,
                call,
                detail,
                outcome,
            }),
        })
    })
}

fn found(touched: &Touched) -> Option<(Call, Vec<Detail>)> {
    let abi = Abi::from_tag(u8::try_from(touched.abi_tag).ok()?)?;
    let call = Call {
        abi,
        number: touched.number,
    };
    let reader = if touched.flags & u32::from(touch::SECOND) == 0 {
        Reader::of_call(call)
    } else {
        table::name(call).and_then(Reader::also_of)
    };
    // The structure of `openat2` is read by then.
    let reader = match reader? {
        Reader::OpenHow { path, how } if abi == Abi::IoUring => Reader::Open { path, flags: how },
        reader => reader,
    };
    let mut arguments = touched.arguments;
    if let (Abi::IoUring, Reader::Open { flags, .. }) = (abi, reader) {
        arguments[usize::from(flags) % 6] = touched.arguments[io_uring::FLAGS];
    }
    // The pointer itself is not sent: that there was one is known by its being read.
    if let Some(pointer) = reader.memory() {
        arguments[usize::from(pointer) % 6] = 1;
    }
    let word = touched.word.to_ne_bytes();
    let memory = match reader {
        Reader::CloneStructure { .. } | Reader::MapStructure => touched.memory().map(|_| &word[..]),
        _ => touched.memory(),
    };
    let detail = reader.detail(&arguments, memory, Some(touched.word), touched.tgid)?;
    Some((call, located(detail, reader, touched)))
}

/// Gives the latest of `events` the outcome that another record of its call brings; `false` where it is not among them.
pub(super) fn returned(events: &mut [Event], later: &Event) -> bool {
    // A call that returns at once is a few records behind.
    const NEAR: usize = 64;
    let EventKind::Touch(later_touch) = &later.kind else {
        return false;
    };
    if later_touch.outcome.is_none() {
        return false;
    }
    for event in events.iter_mut().rev().take(NEAR) {
        if let EventKind::Touch(touch) = &mut event.kind
            && event.thread == later.thread
            && touch.seq == later_touch.seq
            && touch.detail == later_touch.detail
        {
            touch.outcome = later_touch.outcome;
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use monitor_common::touch::{LEVEL, LEVELS, MEMORY, NO_RESULT, RULES, Rule, TOUCH, Touched};

    use super::{Known, Outcomes, abis, events, returned, rule, rule_of};
    use crate::detail::Reader;
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
}
