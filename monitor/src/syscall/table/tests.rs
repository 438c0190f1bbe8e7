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
