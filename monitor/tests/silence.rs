//! Scoring makes no file, thread or socket: seen from outside, by strace.
//!
//! libonnxruntime of Microsoft's builds writes a device id, starts a thread and looks up a host
//! unless its telemetry is off when it is loaded, so the variable that does so is left out of the
//! environment here: the program itself must set it.
//!
//! Three things are allowed. The program has a thread of its own that writes its remarks. The
//! library looks at each CPU from a thread that is pinned to it and ends at once, where the
//! processor may have cores of several kinds (cpuinfo). As root, the program gives up its rights to
//! a user whose number the C library looks up, for which it asks nscd's socket first.

use std::collections::BTreeSet;

/// What a line of `strace -f` shows being made, if anything: a file, a thread or process, a socket.
fn made(line: &str) -> Option<&str> {
    // `PID name(arguments) = result`; a call of another thread may be shown in two parts.
    let call = line.split_once(' ')?.1.trim_start();
    let (name, rest) = call.split_once('(')?;
    let is_local = rest.starts_with("AF_UNIX") || rest.contains("/var/run/nscd/socket");
    let makes = match name {
        "socket" | "connect" if is_local => false,
        "open" | "openat" | "openat2" => ["O_WRONLY", "O_RDWR", "O_CREAT"]
            .iter()
            .any(|flag| rest.contains(flag)),
        "clone" | "clone3" | "fork" | "vfork" => true,
        "socket" | "socketpair" | "connect" | "sendto" | "sendmsg" | "bind" => true,
        "creat" | "mkdir" | "mkdirat" | "mknod" | "mknodat" | "memfd_create" => true,
        "link" | "linkat" | "symlink" | "symlinkat" | "rename" | "renameat" | "renameat2" => true,
        "unlink" | "unlinkat" | "truncate" | "ftruncate" | "chmod" | "fchmod" | "utimensat" => true,
        _ => false,
    };
    makes.then_some(call)
}

/// Threads that only ask on which CPUs they may run, and end.
fn probing_threads(seen: &str) -> BTreeSet<&str> {
    const CALLS: [&str; 8] = [
        "rseq",
        "set_robust_list",
        "rt_sigprocmask",
        "sched_getaffinity",
        "sched_setaffinity",
        "madvise",
        "munmap",
        "exit",
    ];
    let calls = || {
        seen.lines().filter_map(move |line| {
            let (tid, call) = line.split_once(' ')?;
            Some((tid, call.trim_start().split('(').next()?))
        })
    };
    let pinned = calls().filter(|(_, call)| *call == "sched_setaffinity");
    let mut threads: BTreeSet<&str> = pinned.map(|(tid, _)| tid).collect();
    for (tid, call) in calls() {
        if !CALLS.contains(&call) && !call.starts_with("+++") && !call.starts_with("<...") {
            threads.remove(tid);
        }
    }
    threads
}

#[test]
fn a_thread_that_does_more_than_ask_for_its_cpus_counts() {
    let seen = "7 clone3({flags=CLONE_THREAD}, 88) = 8\n8 rseq(0, 32, 0, 0) = 0\n8 \
                sched_setaffinity(0, 128, [0]) = 0\n\
                8 exit(0) = ?\n8 +++ exited with 0 +++\n9 sched_setaffinity(0, 128, [0]) = 0\n9 \
                read(3, \"\", 1) = 0\n";
    let threads = probing_threads(seen);
    assert_eq!(threads.iter().copied().collect::<Vec<_>>(), ["8"]);
}

#[test]
fn what_is_made_is_told_from_what_is_read() {
    for line in [
        r#"7 openat(AT_FDCWD, "/root/.cache/id", O_RDWR|O_CREAT, 0600) = 5"#,
        "7 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 8",
        "12345  socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 6",
        r#"7 connect(6, {sa_family=AF_UNIX, sun_path="/run/other"}, 110) = 0"#,
        r#"7 mkdir("/root/.cache", 0700) = 0"#,
    ] {
        assert!(made(line).is_some(), "{line}");
    }
    for line in [
        r#"7 openat(AT_FDCWD, "/proc/cpuinfo", O_RDONLY) = 4"#,
        "7 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f",
        r#"7 write(1, "socket(", 7) = 7"#,
        r#"7 connect(3, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file)"#,
        "7 +++ exited with 0 +++",
    ] {
        assert_eq!(made(line), None, "{line}");
    }
}

mod needs_onnxruntime {
    mod needs_strace {
        use std::fs;
        use std::process::Command;

        use super::super::{made, probing_threads};

        #[test]
        #[ignore = "needs onnxruntime and strace"]
        fn scoring_makes_no_file_thread_or_socket() {
            let folder = tempfile::tempdir().expect("a folder");
            let calls = folder.path().join("calls.txt");
            let numbers: Vec<_> = (1..=340).map(|number| number.to_string()).collect();
            fs::write(&calls, numbers.join(" ")).expect("a file");
            let home = folder.path().join("home");
            fs::create_dir(&home).expect("a folder");
            let seen = folder.path().join("strace.txt");

            let output = Command::new("strace")
                .args(["-f", "-o"])
                .arg(&seen)
                .args(["--", env!("CARGO_BIN_EXE_monitor"), "score"])
                .arg(&calls)
                .env_remove("ORT_DISABLE_TELEMETRY")
                .env("HOME", &home)
                .env_remove("XDG_CACHE_HOME")
                .output()
                .expect("strace starts");

            let text = String::from_utf8_lossy(&output.stdout);
            assert!(text.contains("340 calls, 340 scored"), "{output:?}");
            let seen = fs::read_to_string(seen).expect("strace wrote it");
            assert!(seen.contains("libonnxruntime"), "the library was loaded");
            let probing = probing_threads(&seen);
            let made = seen.lines().filter_map(made);
            // The line that makes one may be cut in two: they are counted.
            let (threads, others): (Vec<_>, Vec<_>) = made.partition(|it| it.starts_with("clone"));
            // The thread that writes what the program says, as that it cannot drop its rights.
            let own = seen.matches("PR_SET_NAME, \"remarks\"").count();
            assert_eq!(threads.len(), probing.len() + own, "{threads:#?}");
            assert!(others.is_empty(), "{others:#?}");
            let left = fs::read_dir(&home).expect("it is ours").count();
            assert_eq!(left, 0, "files in the home folder");
        }
    }
}
