//! An alarm log on a disk that is full for a while, or for good.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{LOW, alarms};
use crate::harness::{Ran, monitor, text};
use crate::needs_root::small_disk::SmallDisk;

/// A watch of a shell that starts a program for each line that it is given and ends with status 7,
/// and what it says.
struct Shell {
    child: Child,
    out: File,
    err: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Shell {
    /// The watch keeps its alarms at `log`, by the option or by default.
    fn watched(log: &Path, by_option: bool) -> Self {
        let script = "while read line; do /bin/ls / > /dev/null; done; exit 7";
        let option = ["--alarm-log", text(log)];
        let option = if by_option { &option[..] } else { &[] };
        let all = ["--alarms-per-minute", "0", "--", "sh", "-c", script];
        let out = tempfile::tempfile().expect("a file");
        let mut child = monitor(&[&LOW[..], option, &all].concat())
            .env("MONITOR_ALARM_LOG", log)
            .stdin(Stdio::piped())
            .stdout(out.try_clone().expect("a descriptor"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        let (err, theirs) = (Arc::<Mutex<String>>::default(), child.stderr.take());
        let kept = Arc::clone(&err);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(theirs.expect("piped")).lines() {
                let mut kept = kept.lock().expect("no panic");
                *kept += &line.expect("text");
                kept.push('\n');
            }
        });
        Self {
            child,
            out,
            err,
            reader,
        }
    }

    fn said(&self) -> String {
        self.err.lock().expect("no panic").clone()
    }

    /// Has it start programs until something is so.
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(120);
        while !done(self) {
            assert!(Instant::now() < deadline, "{what}: {}", self.said());
            let stdin = self.child.stdin.as_mut().expect("piped");
            stdin.write_all(b"next\n").expect("it reads");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn end(mut self) -> Ran {
        drop(self.child.stdin.take());
        let status = self.child.wait().expect("ends");
        self.reader.join().expect("no panic");
        let (mut out, err) = (String::new(), self.err.lock().expect("no panic").clone());
        self.out.rewind().expect("a file");
        self.out.read_to_string(&mut out).expect("text");
        let status = status.code().expect("it was not killed");
        Ran { status, out, err }
    }
}

/// The alarm log in the summary of a run.
fn health_of_the_log(ran: &Ran) -> serde_json::Value {
    let lines = ran.lines();
    let summary = lines.iter().rfind(|it| it["type"] == "summary");
    let outputs = summary.expect("a summary")["outputs"].as_array();
    let is_log = |it: &&serde_json::Value| {
        it["name"]
            .as_str()
            .is_some_and(|it| it.starts_with("alarm log "))
    };
    outputs
        .expect("a list")
        .iter()
        .find(is_log)
        .expect("one of them")
        .clone()
}

#[test]
#[ignore = "needs root"]
fn an_alarm_log_on_a_full_disk_is_warned_of_once_and_kept_when_there_is_room() {
    for by_option in [false, true] {
        // With room for every alarm that waits until the log is tried again.
        let disk = SmallDisk::new(64 << 10);
        let log = disk.path().join("alarms.jsonl");
        disk.fill();
        let mut shell = Shell::watched(&log, by_option);
        shell.until("it is told", |it| it.said().contains("; tried again\n"));
        assert_eq!(alarms(&log), 0, "there is no room for any");
        disk.empty();
        shell.until("it is told that it works", |it| {
            it.said().contains(": works again\n")
        });
        let after = alarms(&log);
        assert!(after > 0, "those that waited");
        shell.until("later alarms are kept", |_| alarms(&log) > after);
        let ran = shell.end();
        assert_eq!(ran.status, 7, "the command's own: {}", ran.err);
        let told = |words: &str| {
            let about = |it: &&str| it.contains("alarm log ") && it.contains(words);
            ran.err.lines().filter(about).count()
        };
        assert_eq!(told("No space left on device"), 1, "{}", ran.err);
        assert_eq!(told("not written"), 0, "nothing is missing: {}", ran.err);
        let health = health_of_the_log(&ran);
        assert!(health["failures"].as_u64() > Some(0), "{health}");
        assert_eq!(health["dropped"], 0, "{health}");
        // Every alarm that was told was kept, in whole lines.
        let of_output = ran
            .lines()
            .iter()
            .filter(|it| it["type"] == "alarm")
            .count();
        assert_eq!(alarms(&log), of_output);
    }
}

#[test]
#[ignore = "needs root"]
fn an_alarm_log_for_which_there_is_never_room_ends_no_run_and_is_counted() {
    let disk = SmallDisk::new(64);
    let log = disk.path().join("alarms.jsonl");
    disk.fill();
    let mut shell = Shell::watched(&log, false);
    shell.until("it is told", |it| it.said().contains("; tried again\n"));
    let ran = shell.end();
    assert_eq!(ran.status, 7, "the command's own: {}", ran.err);
    let of_output = ran
        .lines()
        .iter()
        .filter(|it| it["type"] == "alarm")
        .count();
    assert!(of_output > 0, "other outputs have them");
    let end = ran
        .err
        .lines()
        .rfind(|it| it.contains("statements were not written"));
    let end = end.unwrap_or_else(|| panic!("it is counted: {}", ran.err));
    let counts = end
        .split(": ")
        .find_map(|it| it.strip_suffix(" statements were not written"));
    let (missing, all) = counts
        .and_then(|it| it.split_once(" of "))
        .expect("two numbers");
    assert_eq!(missing, all, "{end}");
    assert!(missing.replace(',', "").parse::<usize>().expect("a number") >= of_output);
    assert!(end.contains("No space left on device"), "{end}");
}
