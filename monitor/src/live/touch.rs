//! What calls touch, out of the kernel: the probe's rules, and details from its records.

use std::{fs, os::unix::ffi::OsStrExt as _, path::PathBuf};

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
use crate::{
    detail::{Access, Contact, Detail, Outcome, PathText, Reader, Touch},
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

/// The oldest version whose verifier was seen to take the programs that read what calls touch.
///
/// The one of 5.10 had not come to an end after eight minutes in an emulator. That of 6.12 refuses
/// them, as a program and its functions may have 512 bytes of stack together, until programs of
/// tracepoints got a stack of their own in 6.13 (`bpf_enable_priv_stack` in kernel/bpf/verifier.c).
pub(super) const VERIFIED_SINCE: (u32, u32) = (6, 18);

impl Details {
    /// What is read on a kernel of this version; an unknown one is taken for a new one.
    pub(super) fn on(self, version: Option<(u32, u32)>) -> Self {
        match version {
            Some(version) if version < VERIFIED_SINCE => Self::Off,
            _ => self,
        }
    }

    /// How many records of touches may be sent in a second. With 0 the verifier leaves out the
    /// programs' part that makes them.
    pub(super) const fn most_a_second(self) -> u32 {
        match self {
            Self::Off => 0,
            Self::Classes | Self::Full => MOST_A_SECOND,
        }
    }
}

/// Records a second, on all CPUs together, that are sent at most; the others are counted, and sent when they come again.
const MOST_A_SECOND: u32 = 4096;

/// A rule by which the probe reads for `reader`.
fn rule(reader: Reader) -> Rule {
    let mut rule = Rule::NONE;
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
            rule.any_client_port = u8::from(contact != Contact::Connect);
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
            if let Some(process) = process {
                counts(process, ALL);
                rule.process = process;
            }
        }
        Reader::ForeignMemory { .. } => {
            counts(0, ALL);
            rule.process = 0;
        }
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

/// Writes the rules of every call that has a reader, as far as `details` wants them.
///
/// # Errors
///
/// When the kernel refuses.
pub(super) fn fill(ebpf: &mut Ebpf, details: Details) -> Result<(), ProbeError> {
    let mut of_calls = Vec::new();
    let mut known: Vec<Rule> = vec![Rule::NONE];
    for &abi in abis() {
        for call in table::calls(abi) {
            let Some(reader) = table::name(call).and_then(Reader::of) else {
                continue;
            };
            let rule = rule(reader);
            let is_class = matches!(reader, Reader::CloneStructure { .. }) || rule.memory == 0;
            if details == Details::Off || details == Details::Classes && !is_class {
                continue;
            }
            let place = known.iter().position(|it| *it == rule).unwrap_or_else(|| {
                known.push(rule);
                known.len() - 1
            });
            if let (Some(at), Ok(id)) = (rule_place(abi.tag(), call.number), u8::try_from(place)) {
                of_calls.push((at, id));
            }
        }
    }
    // Both stay in the loader's hands: a map that nobody holds is gone before the programs are loaded.
    let mut rule_of: Array<&mut MapData, u8> = map(ebpf, names::RULE_OF)?.try_into()?;
    for (place, id) in of_calls {
        rule_of.set(place, id, 0)?;
    }
    let mut rules: Array<&mut MapData, [u8; 64]> = map(ebpf, names::TOUCH_RULES)?.try_into()?;
    for (place, rule) in (0..touch::RULES).zip(&known) {
        rules.set(place, rule.to_bytes(), 0)?;
    }
    Ok(())
}

fn map<'a>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut Map, ProbeError> {
    ebpf.map_mut(name).ok_or(ProbeError::Missing(name))
}

/// The event of a record; `None` when its call has no reader or touched nothing.
pub(super) fn event(touched: &Touched) -> Option<Event> {
    let abi = Abi::from_tag(u8::try_from(touched.abi_tag).ok()?)?;
    let call = Call {
        abi,
        number: touched.number,
    };
    let reader = table::name(call).and_then(Reader::of)?;
    let mut arguments = touched.arguments;
    // The pointer itself is not sent: that there was one is known by its being read.
    if let Some(pointer) = reader.memory() {
        arguments[usize::from(pointer) % 6] = 1;
    }
    let word = touched.word.to_ne_bytes();
    let memory = match reader {
        Reader::CloneStructure { .. } => touched.memory().map(|_| &word[..]),
        _ => touched.memory(),
    };
    let detail = reader.detail(&arguments, memory, Some(touched.word), touched.tgid)?;
    let is_known = touched.result != NO_RESULT;
    Some(Event {
        thread: ThreadKey {
            tgid: touched.tgid,
            tid: touched.tid,
            start_ns: touched.start_ns,
        },
        comm: Comm(touched.comm),
        service: ServiceId(touched.service),
        time_ns: touched.time_ns,
        kind: EventKind::Touch(Touch {
            seq: touched.seq,
            call,
            detail: located(detail, reader, touched),
            outcome: is_known.then(|| Outcome::of_result(touched.result)),
        }),
    })
}

/// A relative path with the directory that it is relative to, where that can still be read; else as it is.
fn located(detail: Detail, reader: Reader, touched: &Touched) -> Detail {
    let Detail::Path(access, path) = &detail else {
        return detail;
    };
    // Without a path the descriptor itself is meant (`AT_EMPTY_PATH`), as with fexecve.
    if path.is_absolute() {
        return detail;
    }
    let has_directory = !matches!(reader.memory(), Some(0) | None) && takes_directory(reader);
    let folder = if has_directory && touched.directory >= 0 {
        format!("/proc/{}/fd/{}", touched.tgid, touched.directory)
    } else {
        format!("/proc/{}/cwd", touched.tgid)
    };
    match fs::read_link(PathBuf::from(folder)) {
        Ok(folder) if folder.is_absolute() => {
            let mut whole = folder.as_os_str().as_bytes().to_vec();
            if !path.as_bytes().is_empty() {
                whole.push(b'/');
                whole.extend_from_slice(path.as_bytes());
            }
            Detail::Path(*access, PathText::new(&whole))
        }
        _ => detail,
    }
}

/// Whether the argument before the path is a directory's descriptor: in all calls whose path is not the first argument, but
/// those that take two paths or a path behind a number.
fn takes_directory(reader: Reader) -> bool {
    match reader {
        Reader::Open { path, .. } | Reader::OpenHow { path, .. } => path > 0,
        Reader::Path { access, path } => match access {
            Access::Rename => path == 3,
            Access::Link => path >= 2,
            Access::Mount => false,
            _ => path > 0,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use monitor_common::touch::{MEMORY, NO_RESULT, RULES, Rule, TOUCH, Touched};

    use super::{Details, abis, event, rule};
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
            memory: bytes,
        }
    }

    fn detail(touched: &Touched) -> Option<String> {
        match event(touched)?.kind {
            EventKind::Touch(touch) => Some(touch.detail.to_string()),
            _ => None,
        }
    }

    #[test]
    fn an_old_verifier_is_not_asked_to_take_what_reads_details() {
        assert_eq!(Details::Full.on(Some((5, 10))), Details::Off);
        assert_eq!(Details::Full.on(Some((6, 12))), Details::Off);
        assert_eq!(Details::Full.on(Some((6, 18))), Details::Full);
        assert_eq!(Details::Classes.on(None), Details::Classes);
        assert_eq!(Details::Off.most_a_second(), 0);
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
        let names = abis().iter().flat_map(|&abi| table::calls(abi));
        let readers = names.filter_map(table::name).filter_map(Reader::of);
        let mut rules: Vec<Rule> = Vec::new();
        for reader in readers {
            let rule = rule(reader);
            assert_ne!(rule, Rule::NONE, "{reader:?}");
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        assert!(rules.len() < RULES as usize, "{}", rules.len());
    }
}
