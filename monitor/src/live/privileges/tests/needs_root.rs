use std::fs::{self, File};
use std::io;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::thread;

use super::{Needs, Remains, of_run};
use crate::live::privileges::{give_up, own_user};

/// The error that a call ends with, 0 when it succeeds.
fn errno(status: libc::c_long) -> i32 {
    match status {
        -1 => io::Error::last_os_error().raw_os_error().unwrap_or(-1),
        _ => 0,
    }
}

/// Does `what` in a thread that gave up all but `needs`.
fn without_rights<T: Send + 'static>(
    needs: Needs,
    what: impl FnOnce(Remains) -> T + Send + 'static,
) -> T {
    let thread = thread::spawn(move || what(give_up(&needs).expect("rights are given up")));
    thread.join().expect("no panic")
}

#[test]
#[ignore = "needs root"]
fn a_thread_has_no_right_that_it_does_not_need() {
    let status = without_rights(of_run(), |_| {
        fs::read_to_string("/proc/thread-self/status").expect("readable")
    });
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.expect("a field")
            .split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let user = own_user().to_string();
    assert_eq!(field("Uid:"), vec![user; 4]);
    assert_eq!(field("Groups:"), Vec::<String>::new());
    // CAP_BPF is the 39th.
    let bpf = format!("{:016x}", 1_u64 << 39);
    assert_eq!(field("CapEff:"), [bpf.as_str()]);
    assert_eq!(field("CapPrm:"), [bpf.as_str()]);
    assert_eq!(field("CapInh:"), ["0000000000000000"]);
    assert_eq!(field("CapAmb:"), ["0000000000000000"]);
    assert_eq!(field("NoNewPrivs:"), ["1"]);
    assert_eq!(field("Seccomp:"), ["2"]);
    // Threads that were there before keep theirs.
    assert!(File::open("/etc/shadow").is_ok());
}

#[test]
#[ignore = "needs root"]
fn every_forbidden_call_is_refused() {
    let refused = without_rights(of_run(), |_| {
        let null = std::ptr::null::<libc::c_char>();
        let program = c"/bin/true".as_ptr();
        let argv = [program, null];
        let me = std::process::id();
        // SAFETY: the filter refuses each before it looks at its arguments, all of which would
        // be valid or refused by the kernel.
        unsafe {
            use libc::syscall;
            [
                (
                    "execve",
                    errno(syscall(libc::SYS_execve, program, argv.as_ptr(), null)),
                ),
                (
                    "execveat",
                    errno(syscall(
                        libc::SYS_execveat,
                        -100,
                        program,
                        argv.as_ptr(),
                        null,
                        0,
                    )),
                ),
                (
                    "ptrace",
                    errno(syscall(libc::SYS_ptrace, libc::PTRACE_SEIZE, 1, 0, 0)),
                ),
                (
                    "process_vm_readv",
                    errno(syscall(libc::SYS_process_vm_readv, me, null, 0, null, 0, 0)),
                ),
                (
                    "process_vm_writev",
                    errno(syscall(
                        libc::SYS_process_vm_writev,
                        me,
                        null,
                        0,
                        null,
                        0,
                        0,
                    )),
                ),
                (
                    "mount",
                    errno(syscall(
                        libc::SYS_mount,
                        null,
                        c"/mnt".as_ptr(),
                        c"tmpfs".as_ptr(),
                        0,
                        null,
                    )),
                ),
                (
                    "unshare",
                    errno(syscall(libc::SYS_unshare, libc::CLONE_NEWUSER)),
                ),
                (
                    "clone",
                    errno(syscall(
                        libc::SYS_clone,
                        libc::CLONE_NEWUSER | libc::SIGCHLD,
                        null,
                        null,
                        null,
                        0,
                    )),
                ),
                ("setns", errno(syscall(libc::SYS_setns, -1, 0))),
                ("chroot", errno(syscall(libc::SYS_chroot, c"/".as_ptr()))),
                (
                    "init_module",
                    errno(syscall(libc::SYS_init_module, null, 0, c"".as_ptr())),
                ),
                (
                    "finit_module",
                    errno(syscall(libc::SYS_finit_module, -1, c"".as_ptr(), 0)),
                ),
                (
                    "kexec_load",
                    errno(syscall(libc::SYS_kexec_load, 0, 0, null, 0)),
                ),
                ("bpf program", errno(syscall(libc::SYS_bpf, 5, null, 0))),
                ("bpf map", errno(syscall(libc::SYS_bpf, 0, null, 0))),
                (
                    "perf_event_open",
                    errno(syscall(libc::SYS_perf_event_open, null, 0, -1, -1, 0)),
                ),
                (
                    "io_uring_setup",
                    errno(syscall(libc::SYS_io_uring_setup, 1, null)),
                ),
                ("userfaultfd", errno(syscall(libc::SYS_userfaultfd, 0))),
                ("setresuid", errno(syscall(libc::SYS_setresuid, 0, 0, 0))),
                ("setgroups", errno(syscall(libc::SYS_setgroups, 0, null))),
                ("keyctl", errno(syscall(libc::SYS_keyctl, 0, 0, 0))),
                (
                    "inet",
                    errno(syscall(
                        libc::SYS_socket,
                        libc::AF_INET,
                        libc::SOCK_STREAM,
                        0,
                    )),
                ),
                (
                    "inet6",
                    errno(syscall(
                        libc::SYS_socket,
                        libc::AF_INET6,
                        libc::SOCK_STREAM,
                        0,
                    )),
                ),
                (
                    "netlink",
                    errno(syscall(
                        libc::SYS_socket,
                        libc::AF_NETLINK,
                        libc::SOCK_RAW,
                        0,
                    )),
                ),
                (
                    "packet",
                    errno(syscall(
                        libc::SYS_socket,
                        libc::AF_PACKET,
                        libc::SOCK_RAW,
                        0,
                    )),
                ),
                ("kill", errno(syscall(libc::SYS_kill, 1, 0))),
                #[cfg(target_arch = "x86_64")]
                ("x32", errno(syscall(0x4000_0000 + 39))),
            ]
        }
    });
    for (what, error) in refused {
        assert_eq!(error, libc::EPERM, "{what}");
    }
}

#[test]
#[ignore = "needs root"]
fn only_the_folders_of_the_run_are_written_to_and_roots_files_are_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = tempfile::tempdir().expect("a folder");
    let mine = folder.path().join("alarms");
    let foreign = other.path().join("file");
    fs::write(&foreign, "x").expect("written");
    let needs = of_run().with_file(&mine);
    let told = without_rights(needs, move |remains| {
        assert_eq!(remains, Remains::default());
        fs::write(&mine, "1").expect("its own folder");
        fs::rename(&mine, mine.with_extension("1")).expect("set aside");
        let denied = |error: io::Result<()>| error.err().map(|it| it.kind());
        let open = |path: &str| denied(File::open(path).map(drop));
        let writes = |path: &Path| denied(fs::write(path, "y"));
        vec![
            open("/etc/shadow"),
            open("/root"),
            open(foreign.to_str().expect("text")),
            writes(&foreign),
            writes(Path::new("/etc/cron.d/monitor")),
            writes(Path::new("/proc/sys/kernel/hostname")),
            denied(fs::remove_file(&foreign)),
            denied(fs::rename(&foreign, mine.with_extension("2"))),
        ]
    });
    let denied = Some(io::ErrorKind::PermissionDenied);
    for (place, told) in told.into_iter().enumerate() {
        // A file may be moved between folders only where both allow it.
        let across = Some(io::ErrorKind::CrossesDevices);
        assert!(told == denied || told == across, "{place}: {told:?}");
    }
    assert_eq!(
        fs::read_to_string(other.path().join("file")).expect("there"),
        "x"
    );
}

#[test]
#[ignore = "needs root"]
fn what_a_run_does_after_its_start_still_works() {
    let needs = Needs {
        families: vec![libc::AF_INET],
        ..of_run()
    };
    without_rights(needs, |_| {
        thread::spawn(|| ()).join().expect("threads are made");
        fs::read_to_string("/proc/1/status").expect("processes are looked at");
        UdpSocket::bind("127.0.0.1:0").expect_err("nobody is served");
        // SAFETY: the call takes numbers.
        let socket = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0) };
        assert!(socket >= 0, "its outputs are");
        UnixDatagram::unbound().expect("the journal and the service manager are told");
        // SAFETY: a pid of 0 is the caller's own group, and signal 0 is none.
        assert_eq!(unsafe { libc::kill(std::process::id() as i32, 0) }, 0);
    });
}
