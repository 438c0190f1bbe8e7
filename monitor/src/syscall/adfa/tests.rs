use std::collections::HashSet;

use super::{LARGEST, Rule, index, map, name, rules, unmapped};
use crate::syscall::call::{Abi, Call};
use crate::syscall::table;

fn indices(abi: Abi, names: &[(&str, u16)]) {
    for &(name, index) in names {
        let number = table::number(abi, name).expect(name);
        assert_eq!(map(Call { abi, number }).index, index, "{abi:?} {name}");
    }
}

#[test]
fn every_call_of_every_table_has_a_rule_or_is_listed_as_having_none() {
    let listed: HashSet<&str> = unmapped::NONE
        .iter()
        .flat_map(|(_, names)| *names)
        .copied()
        .collect();
    for abi in Abi::ALL {
        for call in table::calls(abi) {
            let mapping = map(call);
            let text = format!("{call:?} {:?} {mapping:?}", table::name(call));
            match mapping.rule {
                Rule::None(reason) => {
                    assert_eq!(mapping.index, 0, "{text}");
                    assert!(!reason.is_empty(), "{text}");
                    let name = table::name(call).expect("calls() yields named calls");
                    assert!(listed.contains(name) || table::is_restart(call), "{text}");
                }
                Rule::Name | Rule::Meaning(_) => {
                    assert!((1..=LARGEST).contains(&mapping.index), "{text}");
                    assert!(name(mapping.index).is_some(), "{text}");
                }
            }
        }
    }
}

#[test]
fn a_row_by_name_has_the_name() {
    for abi in Abi::ALL {
        for call in table::calls(abi) {
            let mapping = map(call);
            if mapping.rule == Rule::Name {
                assert_eq!(name(mapping.index), table::name(call), "{call:?}");
            }
        }
    }
}

#[test]
fn every_rule_is_used_and_no_name_stands_twice() {
    let names = |abi| -> HashSet<&str> { table::calls(abi).filter_map(table::name).collect() };
    let all: HashSet<&str> = Abi::ALL.into_iter().flat_map(names).collect();
    for abi in Abi::ALL {
        let mut seen = HashSet::new();
        for row in rules::meanings(abi).flatten() {
            assert!(seen.insert(row.name), "{} twice for {abi:?}", row.name);
            assert!(all.contains(row.name), "no table has {}", row.name);
            assert!(index(row.adfa).is_some(), "{} is not ADFA-LD's", row.adfa);
            assert!(!row.reason.is_empty(), "{}", row.name);
        }
        for name in unmapped::NONE.iter().flat_map(|(_, names)| *names) {
            assert!(
                !seen.contains(name),
                "{name} has a row and is listed as having none"
            );
        }
    }
    for name in unmapped::NONE.iter().flat_map(|(_, names)| *names) {
        assert!(all.contains(name), "no table has {name}");
    }
}

#[test]
fn what_is_submitted_to_io_uring_means_what_the_call_does() {
    indices(
        Abi::IoUring,
        &[
            ("openat", 5),
            ("read", 3),
            ("connect", 102),
            ("send", 102),
            ("unlinkat", 10),
            ("nop", 0),
        ],
    );
}

#[test]
fn i386_numbers_up_to_340_are_themselves() {
    for number in 1..=u32::from(LARGEST) {
        let abi = Abi::I386;
        let mapping = map(Call { abi, number });
        assert_eq!(
            (u32::from(mapping.index), mapping.rule),
            (number, Rule::Name)
        );
    }
}

/// Indices from Linux 2.6.38's `arch/x86/include/asm/unistd_32.h`.
#[test]
fn golden_values() {
    indices(
        Abi::X86_64,
        &[
            ("read", 3),
            ("write", 4),
            ("open", 5),
            ("openat", 5),
            ("openat2", 5),
            ("close", 6),
            ("execve", 11),
            ("lseek", 140),
            ("dup2", 63),
            ("dup3", 330),
            ("pipe2", 331),
            ("mmap", 192),
            ("stat", 195),
            ("newfstatat", 195),
            ("statx", 195),
            ("lstat", 196),
            ("fstat", 197),
            ("getuid", 199),
            ("chown", 212),
            ("fcntl", 221),
            ("getdents64", 220),
            ("pread64", 180),
            ("rt_sigaction", 174),
            ("rt_sigreturn", 119),
            ("wait4", 114),
            ("select", 142),
            ("getrlimit", 191),
            ("prlimit64", 340),
            ("socket", 102),
            ("accept4", 102),
            ("shmget", 117),
            ("semtimedop", 117),
            ("clone", 120),
            ("clone3", 120),
            ("futex", 240),
            ("arch_prctl", 243),
            ("exit_group", 252),
            ("umount2", 52),
            ("sendfile", 239),
            ("clock_nanosleep", 162),
            ("restart_syscall", 0),
            ("getrandom", 0),
            ("io_uring_enter", 0),
        ],
    );
    indices(
        Abi::I386,
        &[
            ("mmap", 90),
            ("stat", 106),
            ("openat", 295),
            ("socket", 102),
            ("statx", 195),
            ("clock_gettime64", 265),
            ("futex_time64", 240),
            ("restart_syscall", 0),
        ],
    );
    indices(
        Abi::X32,
        &[
            ("mmap", 192),
            ("rt_sigaction", 174),
            ("ioctl", 54),
            ("recvmsg", 102),
            ("execveat", 11),
        ],
    );
    indices(
        Abi::Aarch64,
        &[
            ("openat", 5),
            ("unlinkat", 10),
            ("mkdirat", 39),
            ("pipe2", 42),
            ("dup3", 63),
            ("readlinkat", 85),
            ("faccessat", 33),
            ("faccessat2", 307),
            ("newfstatat", 195),
            ("ppoll", 168),
            ("pselect6", 142),
            ("epoll_pwait", 256),
            ("clone", 120),
        ],
    );
    indices(
        Abi::Arm,
        &[
            ("mmap2", 192),
            ("socket", 102),
            ("set_tls", 243),
            ("cacheflush", 0),
        ],
    );
}

#[test]
fn a_number_outside_the_table_has_no_counterpart() {
    for abi in Abi::ALL {
        for number in [600, 0xf_0007, u32::MAX] {
            let mapping = map(Call { abi, number });
            assert_eq!(mapping.index, 0);
            assert!(matches!(mapping.rule, Rule::None(_)));
        }
    }
}
