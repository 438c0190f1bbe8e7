//! Names by which texts call a system call that the kernel's table calls otherwise.
//!
//! They are those of older straces, of the C library's functions, and of the parts into which any
//! strace takes i386's `socketcall` and `ipc`:
//!
//! - The parts of `socketcall` (`include/uapi/linux/net.h`) and of `ipc`
//!   (`include/uapi/linux/ipc.h`). A part that i386 also has as a call of its own (`socket`) is not
//!   listed: a text does not tell the two apart.
//! - Names of strace's `linux/i386/syscallent.h` and `linux/x86_64/syscallent.h`, versions 4.5 to
//!   4.26, where they differ from the kernel's.

use crate::syscall::call::Abi;

/// Of every table that has the second name.
const EVERYWHERE: [(&str, &str); 10] = [
    ("pread", "pread64"),
    ("pwrite", "pwrite64"),
    ("umount", "umount2"),
    ("_exit", "exit"),
    ("sysctl", "_sysctl"),
    ("llseek", "_llseek"),
    ("newselect", "_newselect"),
    ("prlimit", "prlimit64"),
    ("fstatat", "newfstatat"),
    ("perf_counter_open", "perf_event_open"),
];

/// Of i386 only.
const I386: [(&str, &str); 10] = [
    ("send", "socketcall"),
    ("recv", "socketcall"),
    ("accept", "socketcall"),
    ("semop", "ipc"),
    ("semtimedop", "ipc"),
    ("old_mmap", "mmap"),
    ("old_select", "select"),
    ("oldselect", "select"),
    ("old_getrlimit", "getrlimit"),
    ("oldumount", "umount"),
];

/// The name in the table of `abi` of the call that a text calls `name`; the table may lack it.
#[must_use]
pub fn present(abi: Abi, name: &str) -> Option<&'static str> {
    let own: &[_] = if abi == Abi::I386 { &I386 } else { &[] };
    let mut names = own.iter().chain(&EVERYWHERE);
    names
        .find(|(former, _)| *former == name)
        .map(|&(_, present)| present)
}
