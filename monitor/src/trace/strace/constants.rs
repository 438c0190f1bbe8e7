//! The numbers behind the names that strace prints in the place of flags and requests.

/// The value of flags or of a single request as strace prints it: numbers and names with `|`
/// between them. Names of flags that are not listed count for nothing, a single one that is not
/// listed is `None`.
pub(super) fn value(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let text = text.split(" /*").next()?.trim();
    if !text.contains('|') {
        return one(text);
    }
    Some(
        text.split('|')
            .filter_map(|part| one(part.trim()))
            .fold(0, |all, bits| all | bits),
    )
}

fn one(text: &str) -> Option<u64> {
    if let Some(hexadecimal) = text.strip_prefix("0x") {
        return u64::from_str_radix(hexadecimal, 16).ok();
    }
    if text.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
        if text.len() > 1 && text.starts_with('0') {
            return u64::from_str_radix(text, 8).ok();
        }
        let number = text.parse::<i64>().ok()?;
        return Some(number as u64);
    }
    // `_IOC(_IOC_READ, 0x54, 0x1, 0x4)` and the like have no number of their own here.
    let listed = LISTED.iter().find(|(name, _)| *name == text);
    listed.map(|&(_, number)| number)
}

const fn of(number: libc::c_int) -> u64 {
    number as u32 as u64
}

/// From the kernel's headers by way of the crate `libc`, in the sections of the calls.
const LISTED: &[(&str, u64)] = &[
    ("NULL", 0),
    ("O_RDONLY", of(libc::O_RDONLY)),
    ("O_WRONLY", of(libc::O_WRONLY)),
    ("O_RDWR", of(libc::O_RDWR)),
    ("O_CREAT", of(libc::O_CREAT)),
    ("O_TRUNC", of(libc::O_TRUNC)),
    ("PROT_NONE", of(libc::PROT_NONE)),
    ("PROT_READ", of(libc::PROT_READ)),
    ("PROT_WRITE", of(libc::PROT_WRITE)),
    ("PROT_EXEC", of(libc::PROT_EXEC)),
    ("MAP_SHARED", of(libc::MAP_SHARED)),
    ("MAP_PRIVATE", of(libc::MAP_PRIVATE)),
    ("MAP_ANONYMOUS", of(libc::MAP_ANONYMOUS)),
    ("CLONE_VM", of(libc::CLONE_VM)),
    ("CLONE_FS", of(libc::CLONE_FS)),
    ("CLONE_FILES", of(libc::CLONE_FILES)),
    ("CLONE_SIGHAND", of(libc::CLONE_SIGHAND)),
    ("CLONE_PTRACE", of(libc::CLONE_PTRACE)),
    ("CLONE_VFORK", of(libc::CLONE_VFORK)),
    ("CLONE_PARENT", of(libc::CLONE_PARENT)),
    ("CLONE_THREAD", of(libc::CLONE_THREAD)),
    ("CLONE_NEWNS", of(libc::CLONE_NEWNS)),
    ("CLONE_SYSVSEM", of(libc::CLONE_SYSVSEM)),
    ("CLONE_SETTLS", of(libc::CLONE_SETTLS)),
    ("CLONE_PARENT_SETTID", of(libc::CLONE_PARENT_SETTID)),
    ("CLONE_CHILD_CLEARTID", of(libc::CLONE_CHILD_CLEARTID)),
    ("CLONE_UNTRACED", of(libc::CLONE_UNTRACED)),
    ("CLONE_CHILD_SETTID", of(libc::CLONE_CHILD_SETTID)),
    ("CLONE_NEWCGROUP", of(libc::CLONE_NEWCGROUP)),
    ("CLONE_NEWUTS", of(libc::CLONE_NEWUTS)),
    ("CLONE_NEWIPC", of(libc::CLONE_NEWIPC)),
    ("CLONE_NEWUSER", of(libc::CLONE_NEWUSER)),
    ("CLONE_NEWPID", of(libc::CLONE_NEWPID)),
    ("CLONE_NEWNET", of(libc::CLONE_NEWNET)),
    ("CLONE_IO", of(libc::CLONE_IO)),
    ("CLONE_NEWTIME", 0x80),
    ("MFD_CLOEXEC", 1),
    ("MFD_ALLOW_SEALING", 2),
    ("MFD_NOEXEC_SEAL", 8),
    ("MFD_EXEC", 16),
    ("AF_UNIX", of(libc::AF_UNIX)),
    ("AF_LOCAL", of(libc::AF_UNIX)),
    ("PF_LOCAL", of(libc::AF_UNIX)),
    ("AF_INET", of(libc::AF_INET)),
    ("PF_INET", of(libc::AF_INET)),
    ("AF_INET6", of(libc::AF_INET6)),
    ("AF_NETLINK", of(libc::AF_NETLINK)),
    ("AF_PACKET", of(libc::AF_PACKET)),
    ("AF_ALG", of(libc::AF_ALG)),
    ("AF_VSOCK", of(libc::AF_VSOCK)),
    ("AF_XDP", of(libc::AF_XDP)),
    ("AF_UNSPEC", of(libc::AF_UNSPEC)),
    ("SOCK_STREAM", of(libc::SOCK_STREAM)),
    ("SOCK_DGRAM", of(libc::SOCK_DGRAM)),
    ("SOCK_RAW", of(libc::SOCK_RAW)),
    ("SOCK_SEQPACKET", of(libc::SOCK_SEQPACKET)),
    ("PTRACE_TRACEME", 0),
    ("PTRACE_PEEKTEXT", 1),
    ("PTRACE_PEEKDATA", 2),
    ("PTRACE_POKETEXT", 4),
    ("PTRACE_POKEDATA", 5),
    ("PTRACE_CONT", 7),
    ("PTRACE_GETREGS", 12),
    ("PTRACE_SETREGS", 13),
    ("PTRACE_ATTACH", 16),
    ("PTRACE_DETACH", 17),
    ("PTRACE_SEIZE", 0x4206),
    ("PR_SET_PDEATHSIG", 1),
    ("PR_GET_DUMPABLE", 3),
    ("PR_SET_DUMPABLE", 4),
    ("PR_SET_KEEPCAPS", 8),
    ("PR_SET_NAME", 15),
    ("PR_GET_NAME", 16),
    ("PR_SET_SECCOMP", 22),
    ("PR_CAPBSET_READ", 23),
    ("PR_CAPBSET_DROP", 24),
    ("PR_SET_MM", 35),
    ("PR_SET_CHILD_SUBREAPER", 36),
    ("PR_SET_NO_NEW_PRIVS", 38),
    ("PR_CAP_AMBIENT", 47),
    ("F_DUPFD", 0),
    ("F_GETFD", 1),
    ("F_SETFD", 2),
    ("F_GETFL", 3),
    ("F_SETFL", 4),
    ("F_GETLK", 5),
    ("F_SETLK", 6),
    ("F_SETLKW", 7),
    ("F_SETOWN", 8),
    ("F_DUPFD_CLOEXEC", 1030),
    ("F_SETPIPE_SZ", 1031),
    ("F_ADD_SEALS", 1033),
    ("TCGETS", 0x5401),
    ("TCSETS", 0x5402),
    ("TIOCGWINSZ", 0x5413),
    ("FIONREAD", 0x541b),
    ("FIONBIO", 0x5421),
    ("FIOCLEX", 0x5451),
    ("TIOCSTI", 0x5412),
    ("SIGHUP", of(libc::SIGHUP)),
    ("SIGINT", of(libc::SIGINT)),
    ("SIGQUIT", of(libc::SIGQUIT)),
    ("SIGABRT", of(libc::SIGABRT)),
    ("SIGKILL", of(libc::SIGKILL)),
    ("SIGUSR1", of(libc::SIGUSR1)),
    ("SIGSEGV", of(libc::SIGSEGV)),
    ("SIGUSR2", of(libc::SIGUSR2)),
    ("SIGPIPE", of(libc::SIGPIPE)),
    ("SIGALRM", of(libc::SIGALRM)),
    ("SIGTERM", of(libc::SIGTERM)),
    ("SIGCHLD", of(libc::SIGCHLD)),
    ("SIGCONT", of(libc::SIGCONT)),
    ("SIGSTOP", of(libc::SIGSTOP)),
    ("SIGURG", of(libc::SIGURG)),
    ("SIGWINCH", of(libc::SIGWINCH)),
    ("BPF_MAP_CREATE", 0),
    ("BPF_MAP_LOOKUP_ELEM", 1),
    ("BPF_MAP_UPDATE_ELEM", 2),
    ("BPF_PROG_LOAD", 5),
    ("KEYCTL_GET_KEYRING_ID", 0),
    ("KEYCTL_JOIN_SESSION_KEYRING", 1),
    ("KEYCTL_READ", 11),
];

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn flags_add_up_and_a_single_unknown_name_is_nothing() {
        assert_eq!(value(b"O_RDWR|O_CREAT|O_CLOEXEC"), Some(0o102));
        assert_eq!(value(b"PROT_READ|PROT_WRITE|PROT_EXEC"), Some(7));
        assert_eq!(value(b"0x5401"), Some(0x5401));
        assert_eq!(value(b"0600"), Some(0o600));
        assert_eq!(value(b"-1"), Some(u64::MAX));
        assert_eq!(value(b"0xdead /* PTRACE_??? */"), Some(0xdead));
        assert_eq!(value(b"SOMETHING_NEW"), None);
    }
}
