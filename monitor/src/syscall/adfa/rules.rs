//! The irregular rows of the map.
//!
//! What a C library calls for which function is glibc's `sysdeps/unix/sysv/linux`, version 2.13 for
//! the time of ADFA-LD and 2.39 for today.
//!
//! It is one table, so it is long.

use crate::syscall::call::Abi;

/// A call whose work was done by an i386 call of another name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Meaning {
    /// Today's name.
    pub name: &'static str,
    /// The i386 name of 2011.
    pub adfa: &'static str,
    /// Why that one.
    pub reason: &'static str,
}

const fn row(name: &'static str, adfa: &'static str, reason: &'static str) -> Meaning {
    Meaning { name, adfa, reason }
}

const SOCKET: &str = "i386 had the socket calls behind socketcall until Linux 4.3";
const IPC: &str = "i386 had the System V IPC calls behind ipc until Linux 5.1";
const TIME64: &str = "the same call with 64-bit time";
const OFFSETS: &str = "programs built for large files used the i386 call with 64-bit offsets";
const IDS: &str = "glibc used the i386 call with 32-bit ids, the plain one has 16";
const NO_PLAIN: &str = "this ABI has no plain form, so glibc's plain function makes this call";
const FLAGS: &str = "the older call plus a flags argument";
const FUTEX: &str = "one operation of futex";
const XATTR: &str = "the older call plus a directory";

/// Rows for every ABI; of i386, for the numbers above 340.
const EVERYWHERE: &[Meaning] = &[
    row("socket", "socketcall", SOCKET),
    row("socketpair", "socketcall", SOCKET),
    row("bind", "socketcall", SOCKET),
    row("connect", "socketcall", SOCKET),
    row("listen", "socketcall", SOCKET),
    row("accept", "socketcall", SOCKET),
    row("accept4", "socketcall", SOCKET),
    row("getsockopt", "socketcall", SOCKET),
    row("setsockopt", "socketcall", SOCKET),
    row("getsockname", "socketcall", SOCKET),
    row("getpeername", "socketcall", SOCKET),
    row("send", "socketcall", SOCKET),
    row("sendto", "socketcall", SOCKET),
    row("sendmsg", "socketcall", SOCKET),
    row("sendmmsg", "socketcall", SOCKET),
    row("recv", "socketcall", SOCKET),
    row("recvfrom", "socketcall", SOCKET),
    row("recvmsg", "socketcall", SOCKET),
    row("shutdown", "socketcall", SOCKET),
    row("semget", "ipc", IPC),
    row("semop", "ipc", IPC),
    row("semctl", "ipc", IPC),
    row("semtimedop", "ipc", IPC),
    row("semtimedop_time64", "ipc", IPC),
    row("shmget", "ipc", IPC),
    row("shmat", "ipc", IPC),
    row("shmdt", "ipc", IPC),
    row("shmctl", "ipc", IPC),
    row("msgget", "ipc", IPC),
    row("msgsnd", "ipc", IPC),
    row("msgrcv", "ipc", IPC),
    row("msgctl", "ipc", IPC),
    row(
        "openat",
        "open",
        "glibc's open() makes it since 2.26; the number alone does not tell AT_FDCWD from a \
         directory",
    ),
    row("openat2", "open", "open with restrictions on the path"),
    row(
        "newfstatat",
        "stat64",
        "glibc's stat() makes it since 2.33; the number alone does not tell its flags",
    ),
    row(
        "fstatat64",
        "stat64",
        "glibc's stat() makes it since 2.33; the number alone does not tell its flags",
    ),
    row(
        "statx",
        "stat64",
        "stat with more fields; the number alone does not tell its flags",
    ),
    row("faccessat2", "faccessat", FLAGS),
    row("fchmodat2", "fchmodat", FLAGS),
    row(
        "renameat2",
        "rename",
        "mv and others made rename before it came",
    ),
    row(
        "execveat",
        "execve",
        "execve with a directory or descriptor",
    ),
    row("clone3", "clone", "clone with its arguments in a structure"),
    row(
        "close_range",
        "close",
        "did with one call what was a loop of close",
    ),
    row(
        "clock_nanosleep",
        "nanosleep",
        "glibc's nanosleep() makes it since 2.31",
    ),
    row(
        "clock_nanosleep_time64",
        "nanosleep",
        "glibc's nanosleep() makes it since 2.31",
    ),
    row(
        "epoll_pwait2",
        "epoll_wait",
        "epoll_wait with a finer time-out; its users made that before it came",
    ),
    row("preadv2", "preadv", FLAGS),
    row("pwritev2", "pwritev", FLAGS),
    row("mlock2", "mlock", FLAGS),
    row(
        "pkey_mprotect",
        "mprotect",
        "mprotect with a protection key",
    ),
    row("process_madvise", "madvise", "madvise on another process"),
    row("sched_setattr", "sched_setscheduler", "its extensible form"),
    row("sched_getattr", "sched_getscheduler", "its extensible form"),
    row(
        "finit_module",
        "init_module",
        "init_module from a descriptor",
    ),
    row(
        "kexec_file_load",
        "kexec_load",
        "kexec_load from descriptors",
    ),
    row("syncfs", "sync", "sync of one file system"),
    row("quotactl_fd", "quotactl", "quotactl by descriptor"),
    row("clock_adjtime", "adjtimex", "adjtimex with a clock"),
    row("clock_adjtime64", "adjtimex", "adjtimex with a clock"),
    row("seccomp", "prctl", "was prctl(PR_SET_SECCOMP)"),
    row("pidfd_send_signal", "kill", "kill by descriptor"),
    row(
        "process_vm_readv",
        "ptrace",
        "debuggers read memory by ptrace(PTRACE_PEEKDATA)",
    ),
    row(
        "process_vm_writev",
        "ptrace",
        "debuggers wrote memory by ptrace(PTRACE_POKEDATA)",
    ),
    row(
        "move_mount",
        "mount",
        "the step of the new mount interface that changes the tree",
    ),
    row(
        "mount_setattr",
        "mount",
        "was mount(MS_REMOUNT or MS_PRIVATE …)",
    ),
    row("setxattrat", "setxattr", XATTR),
    row("getxattrat", "getxattr", XATTR),
    row("listxattrat", "listxattr", XATTR),
    row("removexattrat", "removexattr", XATTR),
    row("file_getattr", "ioctl", "was ioctl(FS_IOC_FSGETXATTR)"),
    row("file_setattr", "ioctl", "was ioctl(FS_IOC_FSSETXATTR)"),
    row("futex_waitv", "futex", FUTEX),
    row("futex_wait", "futex", FUTEX),
    row("futex_wake", "futex", FUTEX),
    row("futex_requeue", "futex", FUTEX),
    row(
        "arch_prctl",
        "set_thread_area",
        "at a program's start both set the base of thread-local storage",
    ),
    row(
        "arm_fadvise64_64",
        "fadvise64_64",
        "its arguments in another order",
    ),
    row(
        "arm_sync_file_range",
        "sync_file_range",
        "its arguments in another order",
    ),
    row(
        "io_pgetevents",
        "io_getevents",
        "io_getevents with a signal mask",
    ),
    row(
        "io_pgetevents_time64",
        "io_getevents",
        "io_getevents with a signal mask",
    ),
    row("clock_gettime64", "clock_gettime", TIME64),
    row("clock_settime64", "clock_settime", TIME64),
    row("clock_getres_time64", "clock_getres", TIME64),
    row("timer_gettime64", "timer_gettime", TIME64),
    row("timer_settime64", "timer_settime", TIME64),
    row("timerfd_gettime64", "timerfd_gettime", TIME64),
    row("timerfd_settime64", "timerfd_settime", TIME64),
    row("utimensat_time64", "utimensat", TIME64),
    row("pselect6_time64", "pselect6", TIME64),
    row("ppoll_time64", "ppoll", TIME64),
    row("recvmmsg_time64", "recvmmsg", TIME64),
    row("mq_timedsend_time64", "mq_timedsend", TIME64),
    row("mq_timedreceive_time64", "mq_timedreceive", TIME64),
    row("rt_sigtimedwait_time64", "rt_sigtimedwait", TIME64),
    row("futex_time64", "futex", TIME64),
    row(
        "sched_rr_get_interval_time64",
        "sched_rr_get_interval",
        TIME64,
    ),
];

/// Rows for the 64-bit ABIs, where the plain name stands for what i386 had in a wider second form.
const SIXTY_FOUR: &[Meaning] = &[
    row("mmap", "mmap2", "glibc's mmap() makes mmap2 on i386"),
    row("stat", "stat64", OFFSETS),
    row("lstat", "lstat64", OFFSETS),
    row("fstat", "fstat64", OFFSETS),
    row("statfs", "statfs64", OFFSETS),
    row("fstatfs", "fstatfs64", OFFSETS),
    row("truncate", "truncate64", OFFSETS),
    row("ftruncate", "ftruncate64", OFFSETS),
    row("lseek", "_llseek", OFFSETS),
    row("getdents", "getdents64", OFFSETS),
    row("sendfile", "sendfile64", OFFSETS),
    row("fadvise64", "fadvise64_64", OFFSETS),
    row("fcntl", "fcntl64", OFFSETS),
    row("getuid", "getuid32", IDS),
    row("getgid", "getgid32", IDS),
    row("geteuid", "geteuid32", IDS),
    row("getegid", "getegid32", IDS),
    row("setuid", "setuid32", IDS),
    row("setgid", "setgid32", IDS),
    row("setreuid", "setreuid32", IDS),
    row("setregid", "setregid32", IDS),
    row("setresuid", "setresuid32", IDS),
    row("getresuid", "getresuid32", IDS),
    row("setresgid", "setresgid32", IDS),
    row("getresgid", "getresgid32", IDS),
    row("getgroups", "getgroups32", IDS),
    row("setgroups", "setgroups32", IDS),
    row("setfsuid", "setfsuid32", IDS),
    row("setfsgid", "setfsgid32", IDS),
    row("chown", "chown32", IDS),
    row("lchown", "lchown32", IDS),
    row("fchown", "fchown32", IDS),
    row(
        "getrlimit",
        "ugetrlimit",
        "glibc's getrlimit() makes ugetrlimit on i386",
    ),
    row(
        "select",
        "_newselect",
        "glibc's select() makes _newselect on i386",
    ),
    row(
        "rt_sigreturn",
        "sigreturn",
        "a handler without SA_SIGINFO returned by sigreturn on i386, the only one in the training \
         data",
    ),
];

/// Rows for aarch64, which never had the plain forms.
const AARCH64: &[Meaning] = &[
    row("mkdirat", "mkdir", NO_PLAIN),
    row("mknodat", "mknod", NO_PLAIN),
    row("unlinkat", "unlink", NO_PLAIN),
    row("renameat", "rename", NO_PLAIN),
    row("linkat", "link", NO_PLAIN),
    row("symlinkat", "symlink", NO_PLAIN),
    row("readlinkat", "readlink", NO_PLAIN),
    row("faccessat", "access", NO_PLAIN),
    row("fchmodat", "chmod", NO_PLAIN),
    row("fchownat", "chown32", NO_PLAIN),
    row("dup3", "dup2", NO_PLAIN),
    row("pipe2", "pipe", NO_PLAIN),
    row("ppoll", "poll", NO_PLAIN),
    row("pselect6", "_newselect", NO_PLAIN),
    row("epoll_create1", "epoll_create", NO_PLAIN),
    row("epoll_pwait", "epoll_wait", NO_PLAIN),
];

const ZERO_COPY: &str = "the same without copying";
const FIXED: &str = "the same with memory that was registered before";

/// Rows for io_uring's operations.
const IO_URING: &[Meaning] = &[
    row("read_fixed", "pread64", FIXED),
    row("write_fixed", "pwrite64", FIXED),
    row("readv_fixed", "readv", FIXED),
    row("writev_fixed", "writev", FIXED),
    row("read_multishot", "read", "read, again and again"),
    row("poll_add", "poll", "waits for one descriptor"),
    row("timeout", "nanosleep", "waits for a time"),
    row("fadvise", "fadvise64_64", OFFSETS),
    row("ftruncate", "ftruncate64", OFFSETS),
    row("send_zc", "socketcall", ZERO_COPY),
    row("sendmsg_zc", "socketcall", ZERO_COPY),
    row("recv_zc", "socketcall", ZERO_COPY),
    row(
        "uring_cmd",
        "ioctl",
        "a driver's own command, as ioctl's are",
    ),
    row("renameat", "rename", NO_PLAIN),
    row("unlinkat", "unlink", NO_PLAIN),
    row("mkdirat", "mkdir", NO_PLAIN),
    row("symlinkat", "symlink", NO_PLAIN),
    row("linkat", "link", NO_PLAIN),
];

/// Rows for Arm's private calls.
pub const ARM_PRIVATE: &[Meaning] = &[row(
    "set_tls",
    "set_thread_area",
    "at a program's start both set the base of thread-local storage",
)];

/// The lists of rows of an ABI; no name stands in two of them.
pub fn meanings(abi: Abi) -> impl Iterator<Item = &'static [Meaning]> {
    let lists: &[&'static [Meaning]] = match abi {
        Abi::X86_64 | Abi::X32 => &[EVERYWHERE, SIXTY_FOUR],
        Abi::Aarch64 => &[EVERYWHERE, SIXTY_FOUR, AARCH64],
        Abi::I386 => &[EVERYWHERE],
        Abi::Arm => &[EVERYWHERE, ARM_PRIVATE],
        Abi::IoUring => &[EVERYWHERE, IO_URING],
    };
    lists.iter().copied()
}
