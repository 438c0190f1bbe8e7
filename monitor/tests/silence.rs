//! Scoring makes no file, thread or socket: seen from outside, by strace.
//!
//! libonnxruntime of Microsoft's builds writes a device id, starts a thread and looks up a host
//! unless its telemetry is off when it is loaded, so the variable that does so is left out of the
//! environment here: the program itself must set it.

/// What a line of `strace -f` shows being made, if anything: a file, a thread or process, a socket.
fn made(line: &str) -> Option<&str> {
    // `PID name(arguments) = result`; a call of another thread may be shown in two parts.
    let call = line.split_once(' ')?.1.trim_start();
    let (name, rest) = call.split_once('(')?;
    let makes = match name {
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

#[test]
fn what_is_made_is_told_from_what_is_read() {
    for line in [
        r#"7 openat(AT_FDCWD, "/root/.cache/id", O_RDWR|O_CREAT, 0600) = 5"#,
        "7 clone3({flags=CLONE_VM|CLONE_THREAD}, 88) = 8",
        "12345  socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 6",
        r#"7 mkdir("/root/.cache", 0700) = 0"#,
    ] {
        assert!(made(line).is_some(), "{line}");
    }
    for line in [
        r#"7 openat(AT_FDCWD, "/proc/cpuinfo", O_RDONLY) = 4"#,
        "7 mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f",
        r#"7 write(1, "socket(", 7) = 7"#,
        "7 +++ exited with 0 +++",
    ] {
        assert_eq!(made(line), None, "{line}");
    }
}

mod needs_onnxruntime {
    mod needs_strace {
        use std::fs;
        use std::process::Command;

        use super::super::made;

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
            let made: Vec<_> = seen.lines().filter_map(made).collect();
            assert!(made.is_empty(), "{made:#?}");
            let left = fs::read_dir(&home).expect("it is ours").count();
            assert_eq!(left, 0, "files in the home folder");
        }
    }
}
