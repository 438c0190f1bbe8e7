//! A profile as a seccomp profile of the OCI runtime specification (opencontainers/runtime-spec,
//! config-linux.md, "Seccomp").

mod conditions;

use std::collections::BTreeSet;

use monitor::profile::Profile;
use monitor::syscall::event::Abi;
use monitor::syscall::table;
use serde_json::{Value, json};

/// None of what is submitted to io_uring, which seccomp does not see.
const fn architecture(abi: Abi) -> Option<&'static str> {
    Some(match abi {
        Abi::X86_64 => "SCMP_ARCH_X86_64",
        Abi::I386 => "SCMP_ARCH_X86",
        Abi::X32 => "SCMP_ARCH_X32",
        Abi::Aarch64 => "SCMP_ARCH_AARCH64",
        Abi::Arm => "SCMP_ARCH_ARM",
        Abi::IoUring => return None,
    })
}

/// Calls that the container runtime itself makes between loading the profile and executing the
/// container's program, so that no container starts without them: what runc's
/// `libcontainer/standard_init_linux.go` and `init_linux.go` do after `InitSeccomp` (drop
/// capabilities and ids, close descriptors, open the start fifo, execute), and what Go's runtime
/// does beside it (`src/runtime/os_linux.go`). crun needs fewer. The names are those of all
/// architectures; each takes those that it has.
const START: &[&str] = &[
    "arch_prctl",
    "brk",
    "capget",
    "capset",
    "chdir",
    "clock_gettime",
    "clone",
    "clone3",
    "close",
    "close_range",
    "dup3",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "eventfd2",
    "execve",
    "exit",
    "exit_group",
    "faccessat2",
    "fchdir",
    "fchown",
    "fcntl",
    "fstat",
    "fstatfs",
    "futex",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getrandom",
    "getrlimit",
    "gettid",
    "getuid",
    "ioctl",
    "keyctl",
    "lseek",
    "madvise",
    "mincore",
    "mmap",
    "mprotect",
    "munmap",
    "nanosleep",
    "newfstatat",
    "openat",
    "openat2",
    "personality",
    "pipe2",
    "prctl",
    "pread64",
    "prlimit64",
    "read",
    "readlinkat",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "set_robust_list",
    "set_tid_address",
    "setgid",
    "setgroups",
    "setresgid",
    "setresuid",
    "setrlimit",
    "setsid",
    "setuid",
    "sigaltstack",
    "statfs",
    "statx",
    "tgkill",
    "umask",
    "uname",
    "write",
];

/// The seccomp profile that allows what was learned and what every start of a container needs, and
/// how many calls have no name to allow them by. With `audit`, what else is called is logged by the
/// kernel and not refused.
pub fn profile(profile: &Profile, audit: bool) -> (Value, usize) {
    let calls = profile.vocabulary.calls().iter();
    let calls = calls.filter(|call| architecture(call.abi).is_some());
    let calls: Vec<_> = calls.copied().collect();
    let names: BTreeSet<_> = calls.iter().filter_map(|&call| table::name(call)).collect();
    let nameless = calls.iter().filter(|&&call| table::name(call).is_none());
    let abis: BTreeSet<_> = calls.iter().map(|call| call.abi).collect();
    let architectures: BTreeSet<_> = abis.iter().filter_map(|&abi| architecture(abi)).collect();
    let conditions = conditions::rules(profile, &names, &abis);
    let is_free = |name: &&&str| !conditions.iter().any(|(of, _)| of == *name);
    let free: Vec<_> = names.iter().filter(is_free).collect();
    let start = START.iter().filter(|name| !names.contains(*name));
    let mut syscalls = vec![
        json!({ "names": free, "action": "SCMP_ACT_ALLOW" }),
        json!({ "names": start.collect::<Vec<_>>(), "action": "SCMP_ACT_ALLOW" }),
    ];
    syscalls.extend(conditions.into_iter().map(|(_, rule)| rule));
    let mut json = json!({
        "defaultAction": if audit { "SCMP_ACT_LOG" } else { "SCMP_ACT_ERRNO" },
        "architectures": architectures,
        "syscalls": syscalls,
    });
    if !audit {
        json["defaultErrnoRet"] = 1.into();
    }
    (json, nameless.count())
}

#[cfg(test)]
mod tests {
    use super::profile;
    use monitor::profile::Profile;
    use monitor::syscall::event::{Abi, Call};
    use monitor::syscall::table;

    #[test]
    fn every_call_that_a_start_needs_is_one_of_some_table() {
        for name in super::START {
            assert!(
                Abi::ALL
                    .iter()
                    .any(|&abi| table::number(abi, name).is_some()),
                "{name}"
            );
        }
        assert!(super::START.is_sorted());
    }

    #[test]
    fn what_was_learned_and_what_a_start_needs_is_allowed_and_nothing_else() {
        let mut learned = Profile::default();
        for (abi, number) in [
            (Abi::X86_64, 1),
            (Abi::X86_64, 0),
            (Abi::I386, 3),
            (Abi::IoUring, 18),
            (Abi::X86_64, 9999),
        ] {
            learned.vocabulary.intern(Call { abi, number });
        }
        let (json, nameless) = profile(&learned, false);
        assert_eq!(nameless, 1);
        assert_eq!(json["defaultAction"], "SCMP_ACT_ERRNO");
        assert_eq!(
            json["syscalls"][0]["names"],
            serde_json::json!(["read", "write"])
        );
        let start = json["syscalls"][1]["names"].as_array().expect("a list");
        assert!(start.contains(&"execve".into()) && !start.contains(&"read".into()));
        assert!(!start.contains(&"ptrace".into()));
        assert_eq!(json["syscalls"].as_array().map(Vec::len), Some(2));
        let (audit, _) = profile(&learned, true);
        assert_eq!(audit["defaultAction"], "SCMP_ACT_LOG");
        assert_eq!(audit["syscalls"], json["syscalls"]);
        assert_eq!(
            json["architectures"],
            serde_json::json!(["SCMP_ARCH_X86", "SCMP_ARCH_X86_64"])
        );
    }
}
