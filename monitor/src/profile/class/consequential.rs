//! Calls that change something beyond the data of their thread, without needing a right for it.

use crate::syscall::event::Call;
use crate::syscall::table;

/// Names in order: they start, signal or replace programs, change what memory may do or what the
/// thread is, open a way in or out, or change what files there are and whose. The sections are
/// those of syscalls(2) and of the kernel's tables; none was chosen by looking at an attack.
const CONSEQUENTIAL: [&str; 59] = [
    "accept",
    "accept4",
    "bind",
    "chmod",
    "chown",
    "clone",
    "clone3",
    "connect",
    "execve",
    "execveat",
    "fchmod",
    "fchmodat",
    "fchmodat2",
    "fchown",
    "fchownat",
    "fork",
    "fsetxattr",
    "kill",
    "landlock_restrict_self",
    "lchown",
    "link",
    "linkat",
    "listen",
    "lsetxattr",
    "mkdir",
    "mkdirat",
    "mknod",
    "mknodat",
    "modify_ldt",
    "mprotect",
    "personality",
    "pidfd_open",
    "pidfd_send_signal",
    "pkey_mprotect",
    "prctl",
    "prlimit64",
    "removexattr",
    "rename",
    "renameat",
    "renameat2",
    "rmdir",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "seccomp",
    "setpgid",
    "setrlimit",
    "setsid",
    "setxattr",
    "setxattrat",
    "socket",
    "socketcall",
    "symlink",
    "symlinkat",
    "tgkill",
    "tkill",
    "truncate",
    "unlink",
    "unlinkat",
    "vfork",
];

/// Whether the call changes something beyond its thread's data.
#[must_use]
pub(super) fn is_consequential(call: Call) -> bool {
    table::name(call).is_some_and(|name| CONSEQUENTIAL.binary_search(&name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::CONSEQUENTIAL;
    use crate::profile::class::privileged::is_privileged;
    use crate::syscall::event::Abi;
    use crate::syscall::table;

    #[test]
    fn the_list_is_in_order_of_a_table_and_apart_from_the_privileged() {
        assert!(CONSEQUENTIAL.is_sorted_by(|a, b| a < b));
        for name in CONSEQUENTIAL {
            let call = Abi::ALL.iter().find_map(|&abi| table::call(abi, name));
            assert!(call.is_some_and(|call| !is_privileged(call)), "{name}");
        }
    }
}
