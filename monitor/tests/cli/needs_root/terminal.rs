//! A terminal that takes nothing, as after Ctrl-S or with nobody behind it.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::{AsRawFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::watching::{Held, LONGEST, end_of, send, wait_until};
use crate::harness::{monitor, run, text};
use crate::traced::traced;

/// Everything alarms, and nothing is learned.
const LOUD: [&str; 7] = [
    "--threshold",
    "0.2",
    "--again-after",
    "0s",
    "--alarms-per-minute",
    "0",
    "--no-learn",
];

/// A terminal of the test's own.
struct Terminal {
    /// The end that a terminal emulator has.
    screen: File,
    /// The end that programs have.
    line: OwnedFd,
}

impl Terminal {
    fn new() -> Self {
        Self::of(120)
    }

    /// So many columns wide.
    fn of(columns: u16) -> Self {
        let (mut screen, mut line) = (-1, -1);
        let size = libc::winsize {
            ws_row: 24,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let (name, modes) = (std::ptr::null_mut(), std::ptr::null());
        // SAFETY: both numbers and the size outlive the call; it neither writes a name nor reads
        // modes.
        let made =
            unsafe { libc::openpty(&raw mut screen, &raw mut line, name, modes, &raw const size) };
        assert_eq!(made, 0, "{}", std::io::Error::last_os_error());
        // SAFETY: both were opened just now, and nobody else has them.
        unsafe {
            // Other tests' children do not keep it open.
            libc::fcntl(screen, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(line, libc::F_SETFD, libc::FD_CLOEXEC);
            Self {
                screen: File::from_raw_fd(screen),
                line: OwnedFd::from_raw_fd(line),
            }
        }
    }

    /// It takes nothing from now on, as after Ctrl-S.
    fn stop(&self) {
        // SAFETY: the descriptor is open, and the call takes no pointer.
        let stopped = unsafe { libc::tcflow(self.line.as_raw_fd(), libc::TCOOFF) };
        assert_eq!(stopped, 0, "{}", std::io::Error::last_os_error());
    }

    /// Whether whoever writes to it now has to wait.
    fn is_full(&self) -> bool {
        !is_ready(&self.line, libc::POLLOUT, Duration::ZERO)
    }

    /// The end that programs have, once more.
    fn end(&self) -> Stdio {
        self.line.try_clone().expect("a descriptor").into()
    }

    /// Reads what is shown until it has these words; gives all of it.
    fn read_until(&mut self, words: &str) -> String {
        let mut shown = String::new();
        while !shown.contains(words) {
            assert!(
                is_ready(&self.screen, libc::POLLIN, LONGEST),
                "no {words:?}: {shown}"
            );
            let mut bytes = [0; 4096];
            let count = self.screen.read(&mut bytes).expect("it shows something");
            shown += &String::from_utf8_lossy(&bytes[..count]);
        }
        shown
    }
}

/// Whether one can read from or write to a file within a time.
fn is_ready(file: &impl AsRawFd, events: libc::c_short, within: Duration) -> bool {
    let mut asked = libc::pollfd {
        fd: file.as_raw_fd(),
        events,
        revents: 0,
    };
    let milliseconds = libc::c_int::try_from(within.as_millis()).expect("a short time");
    // SAFETY: one whole entry that outlives the call.
    unsafe { libc::poll(&raw mut asked, 1, milliseconds) > 0 }
}

fn busy() -> Held {
    let script = "while :; do /bin/ls / > /dev/null; done";
    Held::start(Command::new("sh").args(["-c", script]))
}

/// A monitor of a busy process by whom everything alarms.
fn loud(target: &Held, log: &Path, terminal: &Terminal) -> Command {
    let pid = target.pid();
    let options = ["--pid", &pid, "--alarm-log", text(log)];
    let mut command = monitor(&[&LOUD[..], &options].concat());
    command
        .env("TERM", "xterm")
        .stdin(terminal.end())
        .stdout(terminal.end())
        .stderr(terminal.end());
    command
}

/// Alarms in a log.
fn alarms(log: &Path) -> u64 {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.matches("\"type\":\"alarm\"").count() as u64
}

/// How many statements were not written to standard output, and of how many, as it is said at the
/// end.
fn not_written(err: &str) -> (u64, u64) {
    let line = err
        .lines()
        .find_map(|it| it.strip_prefix("monitor: standard output: "));
    let line = line.unwrap_or_else(|| panic!("it is not said: {err}"));
    let words: Vec<_> = line.split([' ', ':']).collect();
    let ["of", all, "statements", "were", "not", "written", ..] = words[1..] else {
        panic!("in other words: {line}");
    };
    let number = |word: &str| word.replace(',', "").parse().expect("a number");
    (number(words[0]), number(all))
}

#[test]
#[ignore = "needs root"]
fn on_a_stopped_terminal_the_log_goes_on_and_one_signal_ends_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let log = folder.path().join(format!("{signal}.jsonl"));
        let (terminal, target) = (Terminal::new(), busy());
        terminal.stop();
        let mut watching = Held::start(&mut loud(&target, &log, &terminal));
        let logged = wait_until("the log begins", || Some(alarms(&log)).filter(|&it| it > 0));
        wait_until("the log goes on", || {
            (alarms(&log) > logged + 20).then_some(())
        });
        send(&watching.0, signal);
        let status = end_of(&mut watching.0, "one signal is enough");
        assert_eq!(status.code(), Some(3), "{signal}");
    }
}

#[test]
#[ignore = "needs root"]
fn on_a_stopped_terminal_a_run_ends_by_its_time_and_counts_what_was_not_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let (log, err) = (folder.path().join("alarms"), folder.path().join("err"));
    let (terminal, target) = (Terminal::new(), busy());
    terminal.stop();
    let mut command = loud(&target, &log, &terminal);
    command.args(["--format", "json", "--for", "8"]);
    command.stderr(File::create(&err).expect("a file"));
    let mut watching = Held::start(&mut command);
    let status = end_of(&mut watching.0, "its time is over");
    assert_eq!(status.code(), Some(3));
    let (missing, all) = not_written(&fs::read_to_string(&err).expect("text"));
    assert_eq!(missing, all, "nothing was taken");
    assert!(alarms(&log) > 0 && all >= alarms(&log), "{all}");
}

#[test]
#[ignore = "needs root"]
fn what_a_terminal_with_nobody_behind_it_did_not_take_is_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let (log, err) = (folder.path().join("alarms"), folder.path().join("err"));
    let (terminal, target) = (Terminal::new(), busy());
    let mut command = loud(&target, &log, &terminal);
    command.args(["--format", "json"]);
    command.stderr(File::create(&err).expect("a file"));
    let mut watching = Held::start(&mut command);
    wait_until("it is full", || terminal.is_full().then_some(()));
    let logged = alarms(&log);
    wait_until("the log goes on", || {
        (alarms(&log) > logged + 20).then_some(())
    });
    send(&watching.0, libc::SIGTERM);
    let status = end_of(&mut watching.0, "one signal is enough");
    assert_eq!(status.code(), Some(3));
    let (missing, all) = not_written(&fs::read_to_string(&err).expect("text"));
    assert!(missing >= 20 && missing < all, "{missing} of {all}");
}

#[test]
#[ignore = "needs root"]
fn the_live_line_is_as_wide_as_its_terminal() {
    let target = busy();
    let pid = target.pid();
    // What stands at the end of it is shown where there is room for it.
    for (columns, last) in [(200, " scored"), (30, " thread")] {
        let mut terminal = Terminal::of(columns);
        let mut command = monitor(&["--pid", &pid, "--no-alarm-log"]);
        command
            .env("TERM", "xterm")
            .stdin(terminal.end())
            .stdout(Stdio::null())
            .stderr(terminal.end());
        let watching = Held::start(&mut command);
        let shown = terminal.read_until(last);
        drop(watching);
        let mut drawn = shown.split(|letter: char| letter.is_control());
        let line = drawn.find(|line| line.contains(last)).expect("one line");
        assert!(line.contains(" alarms  "), "{line:?}");
        assert!(line.chars().count() <= usize::from(columns), "{line:?}");
    }
}

#[test]
#[ignore = "needs root"]
fn nobody_is_asked_on_a_stopped_terminal_whether_to_keep_what_was_learned() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("run.rec");
    let (mut terminal, target) = (Terminal::new(), busy());
    let pid = target.pid();
    let mut command = monitor(&[
        "--pid",
        &pid,
        "--record",
        text(&recording),
        "--no-alarm-log",
    ]);
    command
        .env("TERM", "xterm")
        .stdin(terminal.end())
        .stdout(terminal.end())
        .stderr(terminal.end());
    let mut watching = Held::start(&mut command);
    terminal.read_until(": watching ");
    terminal.stop();
    let length = || fs::metadata(&recording).map_or(0, |about| about.len());
    wait_until("calls are seen", || (length() > 300).then_some(()));
    send(&watching.0, libc::SIGINT);
    end_of(&mut watching.0, "one signal is enough");
}

#[test]
#[ignore = "needs root"]
fn what_is_learned_is_kept_though_the_terminal_takes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let profile = folder.path().join("traced.profile");
    let terminal = Terminal::new();
    terminal.stop();
    let learn = ["learn", "--profile", text(&profile), "--"];
    let program = traced();
    let mut command = monitor(&[&learn[..], &[text(&program), "getppid", "4000"]].concat());
    command
        .env("TERM", "xterm")
        .stdout(Stdio::null())
        .stderr(terminal.end());
    let mut learning = Held::start(&mut command);
    let status = end_of(&mut learning.0, "the command has ended");
    assert_eq!(status.code(), Some(0));
    assert!(profile.exists());
}

/// Waits until a child waits for whoever reads its standard output.
fn wait_until_it_prints(child: &Held) {
    let path = format!("/proc/{}/syscall", child.pid());
    let waits = format!("{} 0x1 ", libc::SYS_write);
    wait_until("it prints", || {
        let call = fs::read_to_string(&path).unwrap_or_default();
        call.starts_with(&waits).then_some(())
    });
}

#[test]
#[ignore = "needs root"]
fn what_is_learned_is_on_disk_before_it_is_printed_and_one_signal_ends_the_printing() {
    let folder = tempfile::tempdir().expect("a folder");
    let recording = folder.path().join("run.rec");
    let program = traced();
    let command = ["--", text(&program), "getppid", "4000"];
    let recorded = run(&[&["record", "--output", text(&recording)], &command[..]].concat());
    assert_eq!(recorded.status, 0, "{}", recorded.err);
    let of_recording = [text(&recording)];
    for (place, source) in [&command[..], &of_recording[..]].into_iter().enumerate() {
        for signal in [libc::SIGINT, libc::SIGTERM] {
            let profile = folder.path().join(format!("{place}-{signal}.profile"));
            let terminal = Terminal::new();
            terminal.stop();
            let learn = ["learn", "--profile", text(&profile)];
            let mut command = monitor(&[&learn[..], source].concat());
            command.stdout(terminal.end()).stderr(Stdio::null());
            let mut learning = Held::start(&mut command);
            wait_until_it_prints(&learning);
            let shown = run(&["profile", "show", text(&profile)]);
            assert_eq!(shown.status, 0, "{}", shown.err);
            send(&learning.0, signal);
            let status = end_of(&mut learning.0, "one signal is enough");
            let ended = status.signal().or(status.code().map(|it| it - 128));
            assert_eq!(ended, Some(signal), "{status}");
        }
    }
}
