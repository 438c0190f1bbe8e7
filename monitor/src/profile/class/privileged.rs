//! Calls that need a right, reach into another program, or make a program out of memory.

use crate::syscall::event::Call;
use crate::syscall::table;

/// Why a call is on the list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Source {
    /// Docker's default seccomp profile allows it only with a capability (moby,
    /// profiles/seccomp/default.json), each explained in capabilities(7).
    Capability,
    /// Docker's default seccomp profile allows it to nobody.
    Blocked,
    /// The technique of MITRE ATT&CK that it is a means of.
    Technique(&'static str),
    /// A manual page says what right it needs or gives away.
    Manual(&'static str),
}

use Source::{Blocked, Capability, Manual, Technique};

/// Names in order, each with its source. `clone` and `clone3` are left out: Docker's profile means
/// some of their flags. Being here says how heavy a call is where it is new, never that it is
/// wrong.
pub const PRIVILEGED: [(&str, Source); 74] = [
    ("acct", Capability),
    ("add_key", Blocked),
    ("bpf", Capability),
    ("capset", Manual("capabilities(7)")),
    ("chroot", Capability),
    ("clock_adjtime", Capability),
    ("clock_settime", Capability),
    ("create_module", Blocked),
    ("delete_module", Capability),
    ("fanotify_init", Capability),
    ("finit_module", Capability),
    ("fsconfig", Capability),
    ("fsmount", Capability),
    ("fsopen", Capability),
    ("fspick", Capability),
    ("init_module", Capability),
    // Blocked since moby 25.0: the kernel's checks of single calls do not see what goes by a ring.
    ("io_uring_enter", Blocked),
    ("io_uring_register", Blocked),
    ("io_uring_setup", Blocked),
    ("ioperm", Capability),
    ("iopl", Capability),
    ("kcmp", Capability),
    ("kexec_file_load", Blocked),
    ("kexec_load", Blocked),
    ("keyctl", Blocked),
    ("lookup_dcookie", Capability),
    ("mbind", Capability),
    // A program that has no file: T1620, Reflective Code Loading.
    ("memfd_create", Technique("T1620")),
    ("memfd_secret", Technique("T1620")),
    ("mount", Capability),
    ("mount_setattr", Capability),
    ("move_mount", Capability),
    ("move_pages", Blocked),
    // Gives the handle by which open_by_handle_at leaves a container (CVE-2014-9357 and like ones).
    ("name_to_handle_at", Technique("T1611")),
    ("nfsservctl", Blocked),
    ("open_by_handle_at", Capability),
    ("open_tree", Capability),
    ("perf_event_open", Capability),
    ("pidfd_getfd", Capability),
    ("pivot_root", Blocked),
    ("process_madvise", Capability),
    ("process_vm_readv", Capability),
    ("process_vm_writev", Capability),
    ("ptrace", Capability),
    ("quotactl", Capability),
    ("quotactl_fd", Capability),
    ("reboot", Capability),
    ("request_key", Blocked),
    ("set_mempolicy", Capability),
    ("set_mempolicy_home_node", Capability),
    ("setdomainname", Capability),
    ("setfsgid", Manual("setfsgid(2), CAP_SETGID")),
    ("setfsuid", Manual("setfsuid(2), CAP_SETUID")),
    ("setgid", Manual("setgid(2), CAP_SETGID")),
    ("setgroups", Manual("setgroups(2), CAP_SETGID")),
    ("sethostname", Capability),
    ("setns", Capability),
    ("setregid", Manual("setregid(2), CAP_SETGID")),
    ("setresgid", Manual("setresgid(2), CAP_SETGID")),
    ("setresuid", Manual("setresuid(2), CAP_SETUID")),
    ("setreuid", Manual("setreuid(2), CAP_SETUID")),
    ("settimeofday", Capability),
    ("setuid", Manual("setuid(2), CAP_SETUID")),
    ("stime", Capability),
    ("swapoff", Blocked),
    ("swapon", Blocked),
    ("syslog", Capability),
    ("umount", Capability),
    ("umount2", Capability),
    ("unshare", Capability),
    ("uselib", Blocked),
    ("userfaultfd", Blocked),
    ("vhangup", Capability),
    ("vm86", Blocked),
];

/// Calls that have no other use than a technique of MITRE ATT&CK where a service makes them that
/// never did, in order.
pub const TECHNIQUES: [(&str, &str); 9] = [
    ("create_module", "T1547.006"),
    ("finit_module", "T1547.006"),
    ("init_module", "T1547.006"),
    ("memfd_create", "T1620"),
    ("memfd_secret", "T1620"),
    ("name_to_handle_at", "T1611"),
    ("process_vm_readv", "T1003.007"),
    ("process_vm_writev", "T1055"),
    ("ptrace", "T1055.008"),
];

/// The technique of MITRE ATT&CK that a call is a means of, where that is certain.
#[must_use]
pub fn technique(call: Call) -> Option<&'static str> {
    let name = table::name(call)?;
    let place = TECHNIQUES.binary_search_by(|&(it, _)| it.cmp(name)).ok()?;
    Some(TECHNIQUES[place].1)
}

/// Whether the call is on the list of privileged calls.
#[must_use]
pub fn is_privileged(call: Call) -> bool {
    source(call).is_some()
}

/// Whether the call is a privileged one by which a program changes who it is or shuts itself in, as
/// every daemon does that gives up root's rights when it starts or for each of its sessions.
#[must_use]
pub fn gives_up_rights(call: Call) -> bool {
    matches!(source(call), Some(Manual(_))) || table::name(call) == Some("chroot")
}

/// Why the call is on the list of privileged calls; `None` if it is not.
fn source(call: Call) -> Option<Source> {
    let listed = |name: &str| {
        let place = PRIVILEGED.binary_search_by(|&(it, _)| it.cmp(name)).ok()?;
        Some(PRIVILEGED[place].1)
    };
    let name = table::name(call)?;
    listed(name).or_else(|| listed(plain(name)))
}

/// The name without what 32-bit tables add for wide arguments: `setuid32`, `clock_settime64`.
fn plain(name: &str) -> &str {
    let name = name.strip_suffix("32").unwrap_or(name);
    name.strip_suffix("64").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{PRIVILEGED, Source, TECHNIQUES, gives_up_rights, is_privileged};
    use crate::syscall::event::{Abi, Call};
    use crate::syscall::table;

    #[test]
    fn the_list_is_in_order_and_every_name_is_one_of_a_table() {
        assert!(PRIVILEGED.is_sorted_by(|a, b| a.0 < b.0));
        assert!(TECHNIQUES.is_sorted_by(|a, b| a.0 < b.0));
        for (name, means) in TECHNIQUES {
            let privileged = PRIVILEGED.iter().find(|it| it.0 == name);
            let source = privileged.map(|it| it.1).expect("a privileged call");
            assert!(
                !matches!(source, Source::Technique(it) if it != means),
                "{name}"
            );
        }
        for (name, _) in PRIVILEGED {
            let known = Abi::ALL
                .iter()
                .any(|&abi| table::number(abi, name).is_some());
            assert!(known, "{name}");
        }
    }

    #[test]
    fn a_module_load_is_privileged_in_every_table_and_a_read_in_none() {
        for abi in Abi::ALL.into_iter().filter(|&abi| abi != Abi::IoUring) {
            let call = |name| table::number(abi, name).map(|number| Call { abi, number });
            for name in ["finit_module", "memfd_create", "io_uring_setup", "setuid"] {
                assert!(call(name).is_some_and(is_privileged), "{abi:?} {name}");
            }
            assert!(!call("read").is_some_and(is_privileged), "{abi:?}");
        }
        let wide = table::call(Abi::I386, "setuid32").expect("of i386");
        assert!(is_privileged(wide) && gives_up_rights(wide));
        let of = |name| table::call(Abi::X86_64, name).expect("of x86-64");
        for name in ["capset", "chroot", "setgroups", "setresuid"] {
            assert!(gives_up_rights(of(name)), "{name}");
        }
        for name in ["init_module", "unshare", "mount", "getuid"] {
            assert!(!gives_up_rights(of(name)), "{name}");
        }
    }
}
