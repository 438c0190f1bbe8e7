//! Calls that only a privileged process has a use for.

use crate::syscall::event::Call;
use crate::syscall::table;

/// Names of calls that a container may not make unless it is given a capability for it: those that Docker's default seccomp
/// profile blocks or ties to a capability (docs.docker.com, "Seccomp security profiles for Docker", table of significant
/// blocked calls), each explained in capabilities(7). `clone` is left out: the table means some of its flags, which the
/// monitor does not see.
const PRIVILEGED: [&str; 46] = [
    "acct",
    "add_key",
    "bpf",
    "clock_adjtime",
    "clock_settime",
    "create_module",
    "delete_module",
    "finit_module",
    "fsconfig",
    "fsmount",
    "fsopen",
    "init_module",
    "ioperm",
    "iopl",
    "kcmp",
    "kexec_file_load",
    "kexec_load",
    "keyctl",
    "lookup_dcookie",
    "mbind",
    "mount",
    "mount_setattr",
    "move_mount",
    "move_pages",
    "nfsservctl",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pidfd_getfd",
    "pivot_root",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "quotactl",
    "reboot",
    "request_key",
    "set_mempolicy",
    "setns",
    "settimeofday",
    "stime",
    "swapoff",
    "swapon",
    "umount",
    "umount2",
    "unshare",
    "userfaultfd",
];

/// Whether only a privileged process has a use for the call.
#[must_use]
pub fn is_privileged(call: Call) -> bool {
    table::name(call).is_some_and(|name| PRIVILEGED.binary_search(&name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::{PRIVILEGED, is_privileged};
    use crate::syscall::event::{Abi, Call};
    use crate::syscall::table;

    #[test]
    fn the_list_is_in_order_and_every_name_is_one_of_a_table() {
        assert!(PRIVILEGED.is_sorted());
        for name in PRIVILEGED {
            let known = Abi::ALL
                .iter()
                .any(|&abi| table::number(abi, name).is_some());
            assert!(known, "{name}");
        }
    }

    #[test]
    fn a_module_load_is_privileged_in_every_table_and_a_read_in_none() {
        for abi in Abi::ALL {
            let call = |name| table::number(abi, name).map(|number| Call { abi, number });
            assert!(call("finit_module").is_some_and(is_privileged), "{abi:?}");
            assert!(!call("read").is_some_and(is_privileged), "{abi:?}");
        }
    }
}
