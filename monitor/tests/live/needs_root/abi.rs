//! Which table a number belongs to.
#![cfg(target_arch = "x86_64")]

use std::os::unix::fs::PermissionsExt;

use monitor::syscall::event::{Abi, Call};

use crate::harness::{native, options, watch_command, watch_traced};

const fn call(abi: Abi, number: u32) -> Call {
    Call { abi, number }
}

#[test]
#[ignore = "needs root"]
fn a_32_bit_call_from_64_bit_code_is_told_from_a_64_bit_one() {
    let seen = watch_traced(&["int80", "50"], options());
    assert_eq!(seen.count(call(Abi::I386, 20)), 50);
    assert_eq!(seen.count(native(libc::SYS_writev)), 50);
}

#[test]
#[ignore = "needs root"]
fn x32_is_flagged() {
    let seen = watch_traced(&["x32", "50"], options());
    assert_eq!(seen.count(call(Abi::X32, 39)), 50);
}

/// A 32-bit program: getppid (64) forty times, then exit (1) with status 7. The header is that of
/// the System V ABI for i386; the code is at file offset 84, loaded at 0x08048000.
fn elf32() -> Vec<u8> {
    let code: &[u8] = &[
        0xbe, 40, 0, 0, 0, // mov esi, 40
        0xb8, 64, 0, 0, 0, // again: mov eax, 64
        0xcd, 0x80, // int 0x80
        0x4e, // dec esi
        0x75, 0xf6, // jnz again
        0xb8, 1, 0, 0, 0, // mov eax, 1
        0xbb, 7, 0, 0, 0, // mov ebx, 7
        0xcd, 0x80, // int 0x80
    ];
    let size = 84 + code.len() as u32;
    let half = |number: u16| number.to_le_bytes().to_vec();
    let word = |number: u32| number.to_le_bytes().to_vec();
    [
        b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(),
        [
            half(2),
            half(3),
            word(1),
            word(0x0804_8054),
            word(52),
            word(0),
            word(0),
        ]
        .concat(),
        [half(52), half(32), half(1), half(0), half(0), half(0)].concat(),
        [word(1), word(0), word(0x0804_8000), word(0x0804_8000)].concat(),
        [word(size), word(size), word(5), word(0x1000)].concat(),
        code.to_vec(),
    ]
    .concat()
}

#[test]
#[ignore = "needs root"]
fn a_32_bit_program_is_read_by_the_32_bit_table() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let program = folder.path().join("elf32");
    std::fs::write(&program, elf32()).expect("written");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("set");
    let seen = watch_command(program, &[], options());
    assert_eq!(seen.status, Some(7));
    let threads = seen.whole_threads();
    let calls = threads.into_values().next().expect("one thread");
    let mut expected = vec![native(libc::SYS_execve)];
    expected.extend([call(Abi::I386, 64); 40]);
    expected.push(call(Abi::I386, 1));
    assert_eq!(calls, expected);
}
