//! Runs the monitor and keeps what it said.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// How a run ended and what it said.
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("the monitor speaks UTF-8");
        Self {
            status: output.status.code().expect("it was not killed"),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

impl Ran {
    /// Every line of standard output as JSON.
    pub fn lines(&self) -> Vec<Value> {
        parse(&self.out)
    }

    /// The run failed with this status and one line that says so, with all of `words` in it.
    pub fn refused(&self, status: i32, words: &[&str]) {
        assert_eq!(self.status, status, "{}", self.err);
        assert_eq!(self.out, "");
        assert_eq!(self.err.lines().count(), 1, "{}", self.err);
        assert!(self.err.starts_with("monitor: "), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in {}", self.err);
        }
        let mut said = self.err.trim_end().split(": ").collect::<Vec<_>>();
        said.sort_unstable();
        let twice = said.windows(2).find(|it| it[0] == it[1]);
        assert_eq!(twice, None, "a cause is said twice: {}", self.err);
    }
}

/// Lines of JSON.
pub fn parse(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// The monitor, ready to be started.
pub fn monitor(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_monitor"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        // Never the log of whoever runs the tests.
        .env("MONITOR_ALARM_LOG", alarm_log());
    // A signal that was ignored stays so in children, and tests run behind nohup as well.
    let heed = || {
        for signal in [libc::SIGHUP, libc::SIGINT] {
            // SAFETY: the default action runs no code of this process.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: signal(2) may be called between fork and exec.
    unsafe { std::os::unix::process::CommandExt::pre_exec(&mut command, heed) };
    command
}

/// A log that no other user's tests have made.
fn alarm_log() -> PathBuf {
    // SAFETY: geteuid reads a number of this process and cannot fail.
    let user = unsafe { libc::geteuid() };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("alarm-log-{user}"));
    folder.join("alarms.jsonl")
}

/// Runs the monitor to its end.
pub fn run(arguments: &[&str]) -> Ran {
    monitor(arguments).output().expect("it starts").into()
}

/// Runs the monitor with `input` on its standard input.
pub fn run_with_input(arguments: &[&str], input: &str) -> Ran {
    let mut child = monitor(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer
        .join()
        .expect("no panic")
        .expect("the monitor reads all of its input");
    output.into()
}

/// A path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Where ADFA-LD is when a test that needs it runs.
pub fn adfa_ld() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/adfa-ld");
    std::env::var_os("MONITOR_ADFA_LD").map_or(root, PathBuf::from)
}
