//! Names and numbers of system calls, by ABI.
//!
//! The tables are those of the crate `syscalls`, which generates them from the kernel's own. What it
//! lacks or has wrong for our purpose is corrected here, each with its source:
//!
//! - x32 has no table of its own there: it is x86-64's plus the calls 512 to 547 of
//!   `arch/x86/entry/syscalls/syscall_64.tbl`.
//! - aarch64's 79 is `newfstatat` in the kernel's `asm/unistd_64.h` and in strace, not `fstatat`.
//! - aarch64 has none of the `_time64` calls 403 to 423: `include/uapi/asm-generic/unistd.h` defines
//!   them under `__BITS_PER_LONG == 32` only.
//! - What is submitted to io_uring is a table of its own: `enum io_uring_op` of `include/uapi/linux/io_uring.h`.
//! - Arm's private calls stand in `arch/arm/include/uapi/asm/unistd.h`, above `__ARM_NR_BASE`.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::syscall::call::{Abi, Call};
use crate::syscall::former;

/// `__ARM_NR_BASE` of `arch/arm/include/uapi/asm/unistd.h`.
const ARM_PRIVATE: u32 = 0x0f_0000;

/// The calls from [`ARM_PRIVATE`] + 1 on.
const ARM_PRIVATE_NAMES: [&str; 6] = [
    "breakpoint",
    "cacheflush",
    "usr26",
    "usr32",
    "set_tls",
    "get_tls",
];

/// The first number of the calls that x32 has beside x86-64's.
const X32_FIRST: u32 = 512;

/// The calls from [`X32_FIRST`] on: `arch/x86/entry/syscalls/syscall_64.tbl`, ABI `x32`.
const X32_NAMES: [&str; 36] = [
    "rt_sigaction",
    "rt_sigreturn",
    "ioctl",
    "readv",
    "writev",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "execve",
    "ptrace",
    "rt_sigpending",
    "rt_sigtimedwait",
    "rt_sigqueueinfo",
    "sigaltstack",
    "timer_create",
    "mq_notify",
    "kexec_load",
    "waitid",
    "set_robust_list",
    "get_robust_list",
    "vmsplice",
    "move_pages",
    "preadv",
    "pwritev",
    "rt_tgsigqueueinfo",
    "recvmmsg",
    "sendmmsg",
    "process_vm_readv",
    "process_vm_writev",
    "setsockopt",
    "getsockopt",
    "io_setup",
    "io_submit",
    "execveat",
    "preadv2",
    "pwritev2",
];

/// The operations of io_uring from 0 on, up to Linux 6.18: `enum io_uring_op` without its prefix.
const IO_URING_NAMES: [&str; 63] = [
    "nop",
    "readv",
    "writev",
    "fsync",
    "read_fixed",
    "write_fixed",
    "poll_add",
    "poll_remove",
    "sync_file_range",
    "sendmsg",
    "recvmsg",
    "timeout",
    "timeout_remove",
    "accept",
    "async_cancel",
    "link_timeout",
    "connect",
    "fallocate",
    "openat",
    "close",
    "files_update",
    "statx",
    "read",
    "write",
    "fadvise",
    "madvise",
    "send",
    "recv",
    "openat2",
    "epoll_ctl",
    "splice",
    "provide_buffers",
    "remove_buffers",
    "tee",
    "shutdown",
    "renameat",
    "unlinkat",
    "mkdirat",
    "symlinkat",
    "linkat",
    "msg_ring",
    "fsetxattr",
    "setxattr",
    "fgetxattr",
    "getxattr",
    "socket",
    "uring_cmd",
    "send_zc",
    "sendmsg_zc",
    "read_multishot",
    "waitid",
    "futex_wait",
    "futex_wake",
    "futex_waitv",
    "fixed_fd_install",
    "ftruncate",
    "bind",
    "listen",
    "recv_zc",
    "epoll_wait",
    "readv_fixed",
    "writev_fixed",
    "pipe",
];

/// One ABI's table: names by number, numbers by name.
struct Table {
    names: Vec<Option<&'static str>>,
    numbers: HashMap<&'static str, u32>,
}

impl Table {
    fn new(calls: impl Iterator<Item = (u32, &'static str)>) -> Self {
        let mut table = Self {
            names: Vec::new(),
            numbers: HashMap::new(),
        };
        for (number, name) in calls {
            // A Rust keyword among the crate's names (`break`) comes out as a raw identifier.
            let name = name.trim_start_matches("r#");
            let place = number as usize;
            if table.names.len() <= place {
                table.names.resize(place + 1, None);
            }
            table.names[place] = Some(name);
            // x32 gives some names twice: the later number is the one that it really uses.
            table.numbers.insert(name, number);
        }
        table
    }
}

static TABLES: LazyLock<[Table; Abi::ALL.len()]> = LazyLock::new(|| Abi::ALL.map(build));

/// The numbered names of one of the crate's tables. Not by its `Sysno::iter`, which leaves out the
/// last call (version 0.8.1).
macro_rules! numbered {
    ($table:ident) => {
        (0u32..)
            .take(syscalls::$table::Sysno::table_size())
            .filter_map(|number| {
                let call = syscalls::$table::Sysno::new(number as usize)?;
                Some((number, call.name()))
            })
    };
}

fn build(abi: Abi) -> Table {
    match abi {
        Abi::X86_64 => Table::new(numbered!(x86_64)),
        Abi::I386 => Table::new(numbered!(x86)),
        Abi::X32 => Table::new(numbered!(x86_64).chain((X32_FIRST..).zip(X32_NAMES))),
        Abi::Aarch64 => Table::new(
            numbered!(aarch64)
                .filter(|(number, _)| !(403..=423).contains(number))
                .map(|(number, name)| match name {
                    "fstatat" => (number, "newfstatat"),
                    _ => (number, name),
                }),
        ),
        Abi::Arm => Table::new(numbered!(arm)),
        Abi::IoUring => Table::new((0..).zip(IO_URING_NAMES)),
    }
}

/// The name of a call, or `None` when its table has no such number.
///
/// One indexed load; nothing is allocated after the first use.
#[must_use]
pub fn name(call: Call) -> Option<&'static str> {
    let names = &TABLES[usize::from(call.abi.tag())].names;
    match names.get(call.number as usize) {
        Some(name) => *name,
        None if call.abi == Abi::Arm => {
            let place = call.number.checked_sub(ARM_PRIVATE + 1)?;
            ARM_PRIVATE_NAMES.get(place as usize).copied()
        }
        None => None,
    }
}

/// The number of the call `name` in the table of `abi`, or `None` when it has no call of this name.
#[must_use]
pub fn number(abi: Abi, name: &str) -> Option<u32> {
    let known = TABLES[usize::from(abi.tag())].numbers.get(name).copied();
    if known.is_some() || abi != Abi::Arm {
        return known;
    }
    let place = ARM_PRIVATE_NAMES.iter().position(|&n| n == name)?;
    Some(ARM_PRIVATE + 1 + place as u32)
}

/// The call that a program of `abi` names so, by its own or a former name: of that table, or else of
/// the other tables that such a program can reach (i386 and x32 beside x86-64, Arm beside aarch64).
#[must_use]
pub fn call(abi: Abi, name: &str) -> Option<Call> {
    let tables: &[Abi] = match abi {
        Abi::X86_64 => &[Abi::X86_64, Abi::I386],
        Abi::X32 => &[Abi::X32, Abi::X86_64, Abi::I386],
        Abi::I386 => &[Abi::I386, Abi::X86_64],
        Abi::Aarch64 => &[Abi::Aarch64, Abi::Arm],
        Abi::Arm => &[Abi::Arm, Abi::Aarch64],
        Abi::IoUring => &[Abi::IoUring],
    };
    tables.iter().find_map(|&abi| {
        let former = || number(abi, former::present(abi, name)?);
        let number = number(abi, name).or_else(former)?;
        Some(Call { abi, number })
    })
}

/// The bit that marks a call of x32: `__X32_SYSCALL_BIT` of `arch/x86/include/uapi/asm/unistd.h`.
const X32_BIT: u32 = 0x4000_0000;

/// The call of which a program of `abi` gives only the number, as it stands in the register: x32's
/// have a bit of their own there, and a negative one is cut to 32 bits, as the kernel does it.
#[must_use]
pub const fn numbered(abi: Abi, register: u64) -> Call {
    let number = register as u32;
    match abi {
        Abi::X86_64 | Abi::X32 if number & X32_BIT != 0 && number >> 31 == 0 => Call {
            abi: Abi::X32,
            number: number & !X32_BIT,
        },
        _ => Call { abi, number },
    }
}

/// Every call of the table of `abi`, by rising number.
pub fn calls(abi: Abi) -> impl Iterator<Item = Call> {
    let names = &TABLES[usize::from(abi.tag())].names;
    let private = match abi {
        Abi::Arm => ARM_PRIVATE_NAMES.len() as u32,
        _ => 0,
    };
    (0u32..)
        .zip(names)
        .filter(|(_, name)| name.is_some())
        .map(|(number, _)| number)
        .chain(ARM_PRIVATE + 1..=ARM_PRIVATE + private)
        .map(move |number| Call { abi, number })
}

/// Whether this is `restart_syscall`, by which the kernel itself resumes an interrupted call.
///
/// It enters the kernel a second time for one call that the program made, so the detector drops it.
#[must_use]
pub fn is_restart(call: Call) -> bool {
    // Numbers from the kernel's tables; a test compares them with the names.
    call.number
        == match call.abi {
            Abi::X86_64 | Abi::X32 => 219,
            Abi::I386 | Abi::Arm => 0,
            Abi::Aarch64 => 128,
            Abi::IoUring => return false,
        }
}

/// Whether the call only ends what went before: `rt_sigreturn` and `sigreturn`, which the kernel lets a thread make after
/// its handler of a signal (sigreturn(2)), `exit` and `exit_group`. It does nothing that could be a reason for doubt; what the
/// handler did, and what ended, has calls of its own.
#[must_use]
pub fn only_ends(call: Call) -> bool {
    matches!(
        name(call),
        Some("rt_sigreturn" | "sigreturn" | "exit" | "exit_group")
    )
}

/// The ABI of programs built for this host.
#[must_use]
pub const fn host() -> Abi {
    if cfg!(target_arch = "aarch64") {
        Abi::Aarch64
    } else if cfg!(target_arch = "arm") {
        Abi::Arm
    } else if cfg!(target_arch = "x86") {
        Abi::I386
    } else {
        Abi::X86_64
    }
}

/// What `abi` is called on the command line and in output.
#[must_use]
pub const fn abi_name(abi: Abi) -> &'static str {
    match abi {
        Abi::X86_64 => "x86-64",
        Abi::I386 => "i386",
        Abi::X32 => "x32",
        Abi::Aarch64 => "aarch64",
        Abi::Arm => "arm",
        Abi::IoUring => "io_uring",
    }
}

#[cfg(test)]
mod tests {
    use super::{calls, is_restart, name, number};
    use crate::syscall::call::{Abi, Call};

    fn named(abi: Abi, number: u32) -> Option<&'static str> {
        name(Call { abi, number })
    }

    /// From the kernel's `syscall_64.tbl`, `syscall_32.tbl`, `asm-generic/unistd.h` and
    /// `arch/arm/tools/syscall.tbl`.
    #[test]
    fn numbers_are_the_kernels() {
        for (abi, number, name) in [
            (Abi::X86_64, 0, "read"),
            (Abi::X86_64, 59, "execve"),
            (Abi::X86_64, 257, "openat"),
            (Abi::X86_64, 435, "clone3"),
            (Abi::I386, 17, "break"),
            (Abi::I386, 102, "socketcall"),
            (Abi::I386, 192, "mmap2"),
            (Abi::I386, 340, "prlimit64"),
            (Abi::X32, 0, "read"),
            (Abi::X32, 512, "rt_sigaction"),
            (Abi::X32, 547, "pwritev2"),
            (Abi::X86_64, 469, "file_setattr"),
            (Abi::Aarch64, 56, "openat"),
            (Abi::Aarch64, 79, "newfstatat"),
            (Abi::Arm, 281, "socket"),
            (Abi::IoUring, 18, "openat"),
            (Abi::IoUring, 62, "pipe"),
            (Abi::Arm, 0xf_0005, "set_tls"),
        ] {
            assert_eq!(named(abi, number), Some(name), "{abi:?} {number}");
            assert_eq!(super::number(abi, name), Some(number), "{abi:?} {name}");
        }
    }

    #[test]
    fn numbers_outside_the_tables_have_no_name() {
        for abi in Abi::ALL {
            for number in [400_000, 0xf_0000, 0xf_0007, u32::MAX] {
                assert_eq!(named(abi, number), None, "{abi:?} {number}");
            }
        }
        assert_eq!(named(Abi::X86_64, 512), None);
        assert_eq!(named(Abi::Aarch64, 403), None);
        assert_eq!(named(Abi::I386, 222), None);
    }

    #[test]
    fn every_call_is_found_again_by_its_name() {
        for abi in Abi::ALL {
            for call in calls(abi) {
                let name = name(call).expect("calls() yields named calls");
                let found = number(abi, name).expect("a name of the table");
                let again = super::name(Call { abi, number: found });
                assert_eq!(again, Some(name), "{call:?}");
            }
        }
    }

    #[test]
    fn a_former_name_is_its_call_of_the_first_table_that_has_one() {
        for (abi, text, of, number) in [
            (Abi::I386, "send", Abi::I386, 102),
            (Abi::X86_64, "recv", Abi::I386, 102),
            (Abi::I386, "accept", Abi::I386, 102),
            (Abi::X86_64, "accept", Abi::X86_64, 43),
            (Abi::I386, "semop", Abi::I386, 117),
            (Abi::X86_64, "old_mmap", Abi::I386, 90),
            (Abi::X86_64, "old_select", Abi::I386, 82),
            (Abi::I386, "_exit", Abi::I386, 1),
            (Abi::X86_64, "_exit", Abi::X86_64, 60),
            (Abi::X86_64, "umount", Abi::X86_64, 166),
            (Abi::I386, "umount", Abi::I386, 22),
            (Abi::X86_64, "pread", Abi::X86_64, 17),
            (Abi::Aarch64, "pread", Abi::Aarch64, 67),
        ] {
            let call = super::call(abi, text);
            assert_eq!(call, Some(Call { abi: of, number }), "{abi:?} {text}");
        }
    }

    #[test]
    fn a_present_name_is_never_taken_for_a_former_one() {
        for abi in Abi::ALL {
            for call in calls(abi) {
                let name = name(call).expect("calls() yields named calls");
                let found = super::call(abi, name).expect("a name of the table");
                assert_eq!(super::name(found), Some(name), "{call:?}");
            }
        }
    }

    #[test]
    fn a_number_alone_is_a_call_of_the_table_that_the_kernel_takes_it_for() {
        let numbered = |abi, register| {
            let call = super::numbered(abi, register);
            (call.abi, call.number)
        };
        assert_eq!(numbered(Abi::X86_64, 317), (Abi::X86_64, 317));
        assert_eq!(numbered(Abi::X86_64, 0x4000_0200), (Abi::X32, 512));
        assert_eq!(numbered(Abi::I386, 0x4000_0200), (Abi::I386, 0x4000_0200));
        assert_eq!(numbered(Abi::X86_64, u64::MAX), (Abi::X86_64, u32::MAX));
    }

    #[test]
    fn restart_syscall_is_known_by_number_in_every_table() {
        for abi in Abi::ALL {
            let restarts: Vec<_> = calls(abi).filter(|&call| is_restart(call)).collect();
            if abi == Abi::IoUring {
                assert_eq!(restarts, []);
                continue;
            }
            assert_eq!(restarts.len(), 1, "{abi:?}");
            assert_eq!(name(restarts[0]), Some("restart_syscall"), "{abi:?}");
        }
    }
}
