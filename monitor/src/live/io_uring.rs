//! What is submitted to io_uring: where the kernel tells of it, and where an operation keeps what
//! it touches.

use monitor_common::touch::{self, Memory, Rule};

use super::{btf::Btf, tracefs::Tracefs};
use crate::detail::{Contact, Reader};

/// The tracepoint that a submission passes: of a request since Linux 6.0, of an entry of the queue
/// before.
pub(super) fn tracepoint() -> Option<u64> {
    let names = [
        c"events/io_uring/io_uring_submit_req/id",
        c"events/io_uring/io_uring_submit_sqe/id",
    ];
    let tracefs = Tracefs::open();
    let found = tracefs
        .ok()
        .and_then(|tracefs| names.iter().find_map(|name| tracefs.id(name).ok()));
    if found.is_none() {
        log::info!(
            "what is submitted to io_uring is not seen: this kernel has no tracepoint for it, or \
             tracefs is not accessible"
        );
    }
    found
}

/// Words of eight bytes in a request where operations keep what they touch (`struct io_open`,
/// `io_unlink`, `io_rename`, `io_link`, `io_mkdir`, io_uring/*.c; `io_connect`, io_uring/net.c).
/// Low halves but for the second descriptor.
const LAYOUT: [(&str, &[&str], u32); 15] = [
    ("io_open", &["dfd"], 8),
    ("io_open", &["filename"], 16),
    ("io_open", &["how", "flags"], 24),
    ("io_unlink", &["dfd"], 8),
    ("io_unlink", &["filename"], 16),
    ("io_mkdir", &["dfd"], 8),
    ("io_mkdir", &["filename"], 16),
    ("io_rename", &["old_dfd"], 8),
    ("io_rename", &["new_dfd"], 12),
    ("io_rename", &["oldpath"], 16),
    ("io_rename", &["newpath"], 24),
    ("io_link", &["oldpath"], 16),
    ("io_link", &["newpath"], 24),
    ("io_connect", &["addr"], 8),
    ("io_connect", &["addr_len"], 16),
];

/// Whether this kernel keeps them there, and paths in a `struct filename`.
pub(super) fn is_known(btf: &Btf) -> bool {
    let is_there = |&(structure, path, offset): &(&str, &[&str], u32)| {
        btf.offset(structure, path) == Ok(offset)
    };
    btf.offset("trace_event_raw_io_uring_submit_req", &["req"])
        .is_ok()
        && LAYOUT.iter().all(is_there)
}

/// Where `open` keeps its flags: the place of their word.
pub(super) const FLAGS: usize = 3;

/// The rules of an operation: of what it touches, and of what it touches beside that. Of fewer
/// operations than of calls: those whose memory the kernel has read when it tells of them.
pub(super) fn rules(name: &str) -> Option<(Rule, Option<Rule>)> {
    let path = |word: u8, flags: u8| Rule {
        memory: Memory::KernelText as u8,
        pointer: word,
        folder: 1,
        flags,
        ..Rule::NONE
    };
    let reader = Reader::of(name)?;
    Some(match (name, reader) {
        ("openat" | "openat2", _) => {
            let mut rule = path(2, 0);
            // O_ACCMODE, O_CREAT and O_TRUNC, as of the call.
            rule.masks[FLAGS] = 0o1103;
            (rule, None)
        }
        ("unlinkat" | "mkdirat", _) => (path(2, 0), None),
        ("renameat" | "linkat", _) => (path(3, touch::UPPER_FOLDER), Some(path(2, touch::SECOND))),
        ("symlinkat", _) => {
            let target = Rule {
                folder: touch::NO_ARGUMENT,
                ..path(2, touch::SECOND)
            };
            (path(3, touch::UPPER_FOLDER), Some(target))
        }
        (
            "connect",
            Reader::Address {
                contact: Contact::Connect,
                ..
            },
        ) => {
            let address = Rule {
                memory: Memory::Address as u8,
                pointer: 1,
                second: 2,
                ..Rule::NONE
            };
            (address, None)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::rules;
    use crate::syscall::event::Abi;
    use crate::syscall::table;

    #[test]
    fn operations_that_name_files_and_addresses_have_rules() {
        let names = table::calls(Abi::IoUring).filter_map(table::name);
        let ruled: Vec<_> = names.filter(|name| rules(name).is_some()).collect();
        assert_eq!(
            ruled,
            [
                "connect",
                "openat",
                "openat2",
                "renameat",
                "unlinkat",
                "mkdirat",
                "symlinkat",
                "linkat"
            ]
        );
    }
}
