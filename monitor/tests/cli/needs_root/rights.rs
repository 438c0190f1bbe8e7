//! The rights of a monitor that runs.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{monitor, run, text};

/// What stands behind `name` in a thread's status.
fn field<'a>(status: &'a str, name: &str) -> Vec<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.expect("a field of every thread")
        .split_whitespace()
        .collect()
}

/// The status of every thread of `child`, once it has as many as it starts.
fn threads(child: &Child) -> Vec<String> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let folder = format!("/proc/{}/task", child.id());
        let threads = fs::read_dir(folder).expect("it runs").flatten();
        let read = |it: fs::DirEntry| fs::read_to_string(it.path().join("status")).ok();
        let threads: Vec<_> = threads.filter_map(read).collect();
        let is_ready = threads.iter().any(|it| field(it, "Name:") == ["scorer"])
            && threads.iter().any(|it| field(it, "Name:") == ["output"]);
        if is_ready || Instant::now() > until {
            assert!(is_ready, "{threads:#?}");
            return threads;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "needs root"]
fn no_thread_of_a_run_is_root_or_has_a_right_that_it_does_not_use() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sleeper = Command::new("sleep").arg("60").spawn().expect("it starts");
    let pid = sleeper.id().to_string();
    // CAP_DAC_OVERRIDE, CAP_BPF: the second for every run, the first where files are replaced
    // later.
    let (replaces, reads) = (1_u64 << 1, 1_u64 << 39);
    let file = |name: &str| folder.path().join(name);
    let (saved, learned, recorded) = (file("saved"), file("learned"), file("run.rec"));
    for (arguments, most) in [
        (&["--no-learn", "--no-alarm-log"][..], reads),
        (
            &["--no-alarm-log", "--save-profile", text(&saved)],
            reads | replaces,
        ),
        (&["learn", "--profile", text(&learned)], reads | replaces),
        (&["record", "--output", text(&recorded)], reads),
    ] {
        let mut child = monitor(&[arguments, &["--pid", &pid]].concat())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        for status in threads(&child) {
            // The one that looks up processes: CAP_DAC_READ_SEARCH, CAP_SYS_PTRACE.
            let most = match field(&status, "Name:")[..] {
                ["who"] => (1 << 2) | (1 << 19),
                _ => most,
            };
            let effective =
                u64::from_str_radix(field(&status, "CapEff:")[0], 16).expect("hexadecimal");
            assert_eq!(effective & !most, 0, "{arguments:?} {status}");
            let permitted =
                u64::from_str_radix(field(&status, "CapPrm:")[0], 16).expect("hexadecimal");
            assert_eq!(permitted & !most, 0, "{arguments:?} {status}");
            assert!(
                !field(&status, "Uid:").contains(&"0"),
                "{arguments:?} {status}"
            );
            assert_eq!(field(&status, "Groups:"), Vec::<&str>::new(), "{status}");
            assert_eq!(
                field(&status, "NoNewPrivs:"),
                ["1"],
                "{arguments:?} {status}"
            );
            assert_eq!(field(&status, "Seccomp:"), ["2"], "{arguments:?} {status}");
        }
        // SAFETY: the child is ours and not waited for yet.
        unsafe { libc::kill(child.id() as i32, libc::SIGTERM) };
        child.wait().expect("it ends");
    }
    sleeper.kill().expect("it sleeps");
    sleeper.wait().expect("it ends");
}

#[test]
#[ignore = "needs root"]
fn what_is_written_at_the_end_of_a_run_is_written_without_roots_rights() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("saved.profile");
    let script = "for i in 1 2 3; do /bin/ls / > /dev/null; done";
    let ran = run(&[
        "--save-profile",
        text(&profile),
        "--no-alarm-log",
        "--",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(profile.exists(), "{}", ran.err);
    let shown = run(&["profile", "show", text(&profile)]);
    assert_eq!(shown.status, 0, "{}", shown.err);
}

#[test]
#[ignore = "needs root"]
fn a_command_that_goes_on_after_the_run_is_told_of() {
    let begun = Instant::now();
    let ran = run(&["--for", "1", "--no-alarm-log", "--", "sleep", "3"]);
    assert!(
        ran.err.contains("goes on and is no longer watched"),
        "{}",
        ran.err
    );
    assert!(begun.elapsed() < Duration::from_secs(30));
}
