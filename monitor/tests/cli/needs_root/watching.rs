//! A monitor that runs, and what it says meanwhile.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::harness::Ran;

/// How long anything may take that is waited for.
pub const LONGEST: Duration = Duration::from_secs(120);

/// Waits until `look` finds something.
pub fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LONGEST;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits for a child's end; one that does not end is killed and fails the test.
pub fn end_of(child: &mut Child, what: &str) -> ExitStatus {
    let deadline = Instant::now() + LONGEST;
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("it does not end: {what}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends a signal to a child that was not waited for.
pub fn send(child: &Child, signal: libc::c_int) {
    let pid = libc::pid_t::try_from(child.id()).expect("a pid");
    // SAFETY: the child was not waited for, so the number is still its own.
    unsafe { libc::kill(pid, signal) };
}

/// A child that does not outlive the test.
pub struct Held(pub Child);

impl Held {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().expect("it starts"))
    }

    /// Its pid.
    pub fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A monitor that watches.
pub struct Watching {
    child: Held,
    said: Receiver<String>,
    out: Option<JoinHandle<String>>,
    err: String,
}

impl Watching {
    /// Starts a monitor and waits until it watches.
    pub fn start(command: &mut Command) -> Self {
        let mut child = Held::start(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
        let stderr = BufReader::new(child.0.stderr.take().expect("piped"));
        let mut stdout = child.0.stdout.take().expect("piped");
        let (say, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // A test that failed meanwhile hears no more.
                let _ = say.send(line);
            }
        });
        let out = std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("text");
            text
        });
        let mut watching = Self {
            child,
            said,
            out: Some(out),
            err: String::new(),
        };
        watching.until(": watching ");
        watching
    }

    /// Waits until it says a line with these words.
    pub fn until(&mut self, words: &str) -> String {
        let deadline = Instant::now() + LONGEST;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.said.recv_timeout(left) else {
                panic!("it never says {words:?}: {}", self.err);
            };
            self.err += &line;
            self.err.push('\n');
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Sends it a signal.
    pub fn send(&self, signal: libc::c_int) {
        send(&self.child.0, signal);
    }

    /// Waits for its end.
    pub fn ran(mut self) -> Ran {
        let status = end_of(&mut self.child.0, &self.err);
        self.err.extend(self.said.iter().map(|line| line + "\n"));
        let out = self.out.take().expect("asked for once");
        Ran {
            status: status.code().expect("it was not killed"),
            out: out.join().expect("no panic"),
            err: std::mem::take(&mut self.err),
        }
    }
}
