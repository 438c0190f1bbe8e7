//! Every call arrives, in order.

use std::time::Duration;

use monitor::syscall::{event::Call, table};

use crate::harness::{native, options, watch_traced};

fn name(call: Call) -> String {
    table::name(call).expect("a known call").to_owned()
}

#[test]
#[ignore = "needs root"]
fn each_thread_has_its_own_calls() {
    let seen = watch_traced(&["threads", "1000"], options());
    let threads = seen.whole_threads();
    assert_eq!(threads.len(), 5);
    let getppid = native(libc::SYS_getppid);
    for (thread, calls) in &threads {
        let count = calls.iter().filter(|call| **call == getppid).count();
        let expected = if thread.tid == thread.tgid { 0 } else { 1000 };
        assert_eq!(count, expected, "{thread:?}");
    }
    assert_eq!(seen.lost(), 0);
}

#[test]
#[ignore = "needs root"]
fn a_thread_that_blocks_is_seen_before_its_window_is_full() {
    let mut asked = options();
    asked.duration = Some(Duration::from_millis(1500));
    let seen = watch_traced(&["sleep", "3"], asked);
    let sleep = native(libc::SYS_clock_nanosleep);
    assert_eq!(seen.status, None, "it still slept when the watch ended");
    assert_eq!(seen.calls().last(), Some(sleep));
    assert_eq!(seen.count(native(libc::SYS_getppid)), 10);
}

mod needs_strace {
    use std::path::Path;
    use std::process::Command;

    use super::name;
    use crate::harness::{options, watch_traced};
    use crate::traced::traced;

    /// The names of the system calls of one thread, by `strace`.
    fn strace(arguments: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("temporary folder");
        let log = folder.path().join("strace");
        let status = Command::new("strace")
            .args(["-f", "-o"])
            .arg(&log)
            .arg(traced())
            .args(arguments)
            .status()
            .expect("strace is installed");
        assert!(status.success());
        names(&log)
    }

    fn names(log: &Path) -> Vec<String> {
        let text = std::fs::read_to_string(log).expect("strace wrote it");
        let call = |line: &str| {
            let (_pid, call) = line.split_once(' ')?;
            let name = call.trim_start().split_once('(')?.0;
            name.chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_')
                .then(|| name.to_owned())
        };
        text.lines().filter_map(call).collect()
    }

    #[test]
    #[ignore = "needs strace and root"]
    fn a_programs_calls_are_those_that_strace_shows_one_by_one() {
        let expected = strace(&["getppid", "100"]);
        let seen = watch_traced(&["getppid", "100"], options());
        assert_eq!(seen.status, Some(0));
        let threads = seen.whole_threads();
        assert_eq!(threads.len(), 1);
        let calls: Vec<String> = threads.into_values().flatten().map(name).collect();
        assert_eq!(calls, expected);
        assert_eq!(seen.lost(), 0);
    }
}
