//! By which rule the probe reads what a reader wants.

use monitor_common::{
    abi::Abi,
    touch::{self, Memory, Rule},
};

use crate::{
    detail::{Contact, Reader, Returns},
    live::outcomes::Outcomes,
    syscall::{event::Call, table},
};

/// Whether what the reader reads is no string and no address.
pub(super) fn is_class(reader: Reader) -> bool {
    let memory = rule(reader).memory;
    memory == Memory::None as u8
        || memory == Memory::Word as u8
        || memory == Memory::WordBehind as u8
}

/// The rule of a call of a table.
pub(super) fn rule_of(call: Call, reader: Reader, outcomes: &Outcomes) -> Rule {
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
pub(super) fn rule(reader: Reader) -> Rule {
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
