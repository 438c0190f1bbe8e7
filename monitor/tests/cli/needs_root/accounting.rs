//! Seen and lost are together what was made, to the call, whatever befalls the monitor.

pub mod kills;
mod needs_memory_cgroup;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::small_disk::SmallDisk;
use crate::harness::{Ran, monitor, run, text};
use crate::traced::traced;

/// How long anything here may take that is waited for.
const LONGEST: Duration = Duration::from_secs(120);

/// As little room between kernel and monitor as there can be, and hardly any looks at it: what is
/// made is mostly lost.
const NARROW: [&str; 4] = ["--ring-size", "4K", "--flush-interval", "500"];

/// What every run here has.
const PLAIN: [&str; 4] = ["--no-alarm-log", "--no-learn", "--format", "json"];

fn number(line: &Value, name: &str) -> u64 {
    line[name]
        .as_u64()
        .unwrap_or_else(|| panic!("no {name} in {line}"))
}

fn of<'a>(lines: &'a [Value], kind: &'static str) -> impl Iterator<Item = &'a Value> {
    lines.iter().filter(move |it| it["type"] == kind)
}

/// What a run says that it saw and what it says that was lost before it.
#[derive(Clone, Copy, Debug)]
struct Account {
    seen: u64,
    lost: u64,
}

impl Account {
    /// Of a run's lines; with a check that the threads' own counts add up to the same.
    fn of(ran: &Ran) -> Self {
        let lines = ran.lines();
        let summary = of(&lines, "summary").last();
        let summary = summary.unwrap_or_else(|| panic!("no summary: {}{}", ran.out, ran.err));
        let reasons = summary["lost_by_reason"].as_object().expect("an object");
        let account = Self {
            seen: number(summary, "received"),
            lost: reasons.values().filter_map(Value::as_u64).sum(),
        };
        let of_threads: u64 = of(&lines, "thread_end")
            .map(|end| number(end, "calls"))
            .sum();
        assert_eq!(account.made(), of_threads, "{summary}");
        // What was seen is judged, or it found no room before the detector.
        let judged = number(summary, "calls") + number(summary, "unscored");
        assert_eq!(account.seen, judged, "{summary}");
        account
    }

    const fn made(self) -> u64 {
        self.seen + self.lost
    }
}

fn arguments<'a>(options: &[&'a str], words: &[&'a str], program: &'a Path) -> Vec<&'a str> {
    [&PLAIN[..], options, &["--", text(program)], words].concat()
}

/// Watches `traced` with these words.
fn account(options: &[&str], words: &[&str]) -> Account {
    Account::of(&run(&arguments(options, words, &traced())))
}

/// What `traced` makes: nothing is lost when nothing disturbs.
fn made(words: &[&str]) -> u64 {
    let calm = account(&["--ring-size", "64M", "--max-threads", "32768"], words);
    assert_eq!(calm.lost, 0, "{words:?}");
    calm.seen
}

fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LONGEST;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The child of a process that has this name.
fn child_called(parent: u32, name: &str) -> Option<u32> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).ok()?;
    let children = tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .collect::<Vec<_>>()
        .join(" ");
    let mut children = children
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok());
    children.find(|pid: &u32| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|it| it.trim() == name)
    })
}

fn signal(child: &Child, number: libc::c_int) {
    let pid = libc::pid_t::try_from(child.id()).expect("a pid");
    // SAFETY: the child was not waited for, so the number is still its own.
    unsafe { libc::kill(pid, number) };
}

/// Lets a command keep to a limit from its start on.
fn limited(command: &mut Command, resource: libc::__rlimit_resource_t, most: u64) -> &mut Command {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    let set = move || {
        // SAFETY: the limit is a whole struct; an ignored signal runs no code of this process.
        unsafe {
            libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
            libc::setrlimit(resource, &raw const limit);
        }
        Ok(())
    };
    // SAFETY: setrlimit(2) and signal(2) may be called between fork and exec.
    unsafe { command.pre_exec(set) }
}

#[test]
#[ignore = "needs root"]
fn a_flood_by_one_thread_and_by_many_through_a_ring_of_one_page() {
    let one = ["getppid", "300000"];
    let lossy = account(&NARROW, &one);
    assert_eq!(lossy.made(), made(&one), "{lossy:?}");
    assert!(lossy.lost > 0, "the reader was never behind");
    // The threads of the C library differ by some calls from run to run; that theirs add up is
    // checked with every account.
    let many = account(&NARROW, &["threads", "100000"]);
    assert!((400_000..400_400).contains(&many.made()), "{many:?}");
    assert!(many.lost > 0, "the reader was never behind");
}

#[test]
#[ignore = "needs root"]
fn a_monitor_that_is_stopped_counts_what_it_did_not_see() {
    // It sleeps for seconds in the middle: so long is the one gap at least.
    let words = ["pause", "4000000"];
    let program = traced();
    let mut command = monitor(&arguments(&["--ring-size", "64K"], &words, &program));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let child = child.expect("starts");
    let pid = wait_until("the command runs", || child_called(child.id(), "traced"));
    signal(&child, libc::SIGSTOP);
    let stat = format!("/proc/{pid}/stat");
    wait_until("the command ends", || {
        fs::read_to_string(&stat)
            .is_ok_and(|it| it.contains(") Z "))
            .then_some(())
    });
    signal(&child, libc::SIGCONT);
    let ran = Ran::from(child.wait_with_output().expect("ends"));
    let stopped = Account::of(&ran);
    assert!(stopped.lost > 0, "{stopped:?}");
    // The few calls beside those of the loops are the same with any number of these.
    assert_eq!(stopped.made(), 4_000_000 + made(&["pause", "1000"]) - 1_000);
    let lines = ran.lines();
    let summary = of(&lines, "summary").last().expect("a summary");
    assert!(summary["blind_s"].as_f64() > Some(3.0), "{summary}");
    let states: Vec<_> = of(&lines, "blind").map(|it| &it["state"]).collect();
    assert_eq!(states, ["opened", "closed"], "{}", ran.out);
}

#[test]
#[ignore = "needs root"]
fn ten_monitors_at_once_have_the_same_account() {
    let script = format!("read line; exec {} getppid 100000", traced().display());
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::piped())
        .spawn()
        .expect("sh");
    let pid = shell.id().to_string();
    let mut watching: Vec<_> = (0..10)
        .map(|_| {
            let options = [&PLAIN[..], &["--ring-size", "64K", "--pid", &pid]].concat();
            let mut command = monitor(&options);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("starts")
        })
        .collect();
    for child in &mut watching {
        let mut said = BufReader::new(child.stderr.as_mut().expect("piped"));
        let mut line = String::new();
        while !line.contains("watching") {
            line.clear();
            assert!(
                said.read_line(&mut line).expect("text") > 0,
                "it ended early"
            );
        }
    }
    shell
        .stdin
        .take()
        .expect("piped")
        .write_all(b"\n")
        .expect("it reads");
    let accounts: Vec<_> = watching
        .into_iter()
        .map(|child| Account::of(&Ran::from(child.wait_with_output().expect("ends"))))
        .collect();
    shell.wait().expect("ends");
    let first = accounts[0].made();
    assert!(first > 100_000, "{accounts:?}");
    assert!(accounts.iter().all(|it| it.made() == first), "{accounts:?}");
}

#[test]
#[ignore = "needs root"]
fn a_bounded_fork_bomb_is_accounted_for() {
    // 1,023 processes, each of which makes a call of its own.
    let bomb = ["bomb", "9"];
    let calm = run(&arguments(&[], &bomb, &traced()));
    let all = Account::of(&calm);
    assert_eq!(
        (all.lost, of(&calm.lines(), "thread_end").count()),
        (0, 1_023)
    );
    let lossy = run(&arguments(&NARROW, &bomb, &traced()));
    assert_eq!(Account::of(&lossy).made(), all.made());
}

/// The number behind a word in the text of a summary.
fn told(err: &str, word: &str) -> u64 {
    let line = err.lines().find(|it| it.trim_start().starts_with(word));
    let line = line.unwrap_or_else(|| panic!("no {word}: {err}"));
    let number = line.split_whitespace().nth(1).expect("a number");
    number.replace(',', "").parse().expect("a number")
}

#[test]
#[ignore = "needs root"]
fn an_output_that_takes_nothing_or_whose_reader_is_gone_loses_no_call() {
    let words = ["getppid", "20000"];
    let all = made(&words);
    for is_closed in [false, true] {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        // SAFETY: the descriptor is open as long as `writer` lives.
        let flags = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_GETFL) };
        let set = |flags: libc::c_int| {
            // SAFETY: as above.
            let set = unsafe { libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, flags) };
            assert_eq!(set, 0);
        };
        set(flags | libc::O_NONBLOCK);
        let mut full = 0;
        while (&writer).write_all(&[b'\n'; 4096]).is_ok() {
            full += 1;
        }
        assert!(full > 0);
        set(flags);
        let reader = (!is_closed).then_some(reader);
        let program = traced();
        let options = ["--no-alarm-log", "--no-learn", "--threshold", "0.5", "--"];
        let child = monitor(&[&options[..], &[text(&program)], &words].concat())
            .stdout(writer.try_clone().expect("a descriptor"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("starts");
        writer.flush().expect("nothing is kept");
        drop(writer);
        let output = child.wait_with_output().expect("ends");
        let err = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(0), "the command's own: {err}");
        assert_eq!(told(&err, "calls ") + told(&err, "lost "), all, "{err}");
        drop(reader);
    }
}

/// A recording that had too little room: the run is whole, and what is in the file is the beginning
/// of what was seen.
fn recorded_with_little_room(path: &Path, limit: Option<u64>, all: u64) {
    let program = traced();
    let options = ["--record", text(path)];
    let words = ["getppid", "20000"];
    let mut command = monitor(&arguments(&options, &words, &program));
    if let Some(most) = limit {
        limited(&mut command, libc::RLIMIT_FSIZE, most);
    }
    let ran = Ran::from(command.output().expect("starts"));
    if ran.out.is_empty() {
        // Not even the header had room: nothing was watched, and that is said once.
        assert_eq!(
            (ran.status, ran.err.lines().count()),
            (1, 1),
            "{limit:?} {}",
            ran.err
        );
        return;
    }
    assert_eq!(ran.status, 0, "the command's own: {}", ran.err);
    assert_eq!(Account::of(&ran).made(), all, "{limit:?} {}", ran.err);
    assert!(
        ran.err.contains("recording "),
        "{limit:?}: its loss is told: {}",
        ran.err
    );
    let replayed = run(&["replay", "--format", "json", text(path)]);
    assert_eq!(replayed.status, 0, "{limit:?} {}", replayed.err);
    let lines = replayed.lines();
    let summary = of(&lines, "summary").last().expect("a summary");
    assert!(number(summary, "received") <= all, "{summary}");
}

#[test]
#[ignore = "needs root"]
fn a_disk_that_is_full_at_any_byte_costs_no_call_of_the_run() {
    let all = made(&["getppid", "20000"]);
    let disk = SmallDisk::new(8);
    recorded_with_little_room(&disk.path().join("run.rec"), None, all);
    let folder = tempfile::tempdir().expect("a folder");
    for most in [1, 13, 150, 1_001, 7_777] {
        recorded_with_little_room(&folder.path().join(most.to_string()), Some(most), all);
    }
}

#[test]
#[ignore = "needs root"]
fn with_few_descriptors_or_threads_a_run_is_whole_or_refused_with_a_reason() {
    let words = ["getppid", "1000"];
    let all = made(&words);
    let program = traced();
    let mut whole = 0;
    let limits = [4, 8, 16, 24, 32, 48, 64, 128].map(|it| (libc::RLIMIT_NOFILE, it));
    let threads = [0, 1, 3].map(|it| (libc::RLIMIT_NPROC, it));
    for (resource, most) in limits.into_iter().chain(threads) {
        let mut command = monitor(&arguments(&[], &words, &program));
        let output = limited(&mut command, resource, most)
            .output()
            .expect("starts");
        let ran = Ran::from(output);
        assert!(
            !ran.err.contains("panicked"),
            "{resource} {most}: {}",
            ran.err
        );
        if ran.status == 0 {
            assert_eq!(Account::of(&ran).made(), all, "{resource} {most}");
            whole += 1;
        } else {
            assert!(
                ran.err.contains("monitor: "),
                "{resource} {most}: {}",
                ran.err
            );
            // The command does not go on alone.
            assert!(
                !ran.err.contains("goes on"),
                "{resource} {most}: {}",
                ran.err
            );
        }
    }
    assert!(whole > 0, "128 descriptors are enough");
}

#[test]
#[ignore = "needs root"]
fn in_namespaces_of_its_own_a_run_has_the_same_account() {
    let words = ["getppid", "1000"];
    let all = made(&words);
    let program = traced();
    let pid: &[&str] = &["--pid", "--fork", "--mount-proc"];
    let time: &[&str] = &["--time", "--monotonic", "1000", "--fork"];
    for spaces in [pid, time, &["--cgroup"], &["--mount"]] {
        let output = Command::new("unshare")
            .args(spaces)
            .arg(env!("CARGO_BIN_EXE_monitor"))
            .args(arguments(&[], &words, &program))
            .output();
        let ran = Ran::from(output.expect("unshare is installed"));
        assert_eq!(ran.status, 0, "{spaces:?}: {}", ran.err);
        assert_eq!(Account::of(&ran).made(), all, "{spaces:?}");
    }
}
