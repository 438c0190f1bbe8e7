//! A program that gets each incident on its standard input, as one line of JSON.
//!
//! It runs without a shell, as an unprivileged user, and not longer than its time limit. Privileges
//! are gone when an incident comes, so a helper is started before: this program again, which has
//! become that user and starts the other for each line that it reads.

use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::User;

use super::Destination;
use crate::report::notice::Notice;

/// The name of the command that is the helper, as the command line must know it.
pub const HELPER: &str = "output-program";

/// Longest line that the helper takes, bytes.
const LINE: u64 = 1 << 20;

/// The user that programs run as when root does not name one.
pub const USER: &str = "nobody";

/// How often the helper looks whether the program has ended.
const LOOK: Duration = Duration::from_millis(10);

/// The helper.
pub struct Program {
    child: Child,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// It did not answer: what comes next cannot be told apart from a late answer.
    is_lost: bool,
}

impl Program {
    /// Starts the helper for `command`, its program first, as `user` where this process is root's.
    ///
    /// # Errors
    ///
    /// When there is no such user or the helper cannot be started.
    pub fn start(command: &[String], user: Option<&str>, limit: Duration) -> io::Result<Self> {
        let mut helper = Command::new("/proc/self/exe");
        helper
            .arg(HELPER)
            .arg(limit.as_millis().to_string())
            .arg("--")
            .args(command)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Signals from the terminal are for the monitor.
            .process_group(0);
        // SAFETY: geteuid reads a number of this process and cannot fail.
        if unsafe { libc::geteuid() } == 0 {
            let name = user.unwrap_or(USER);
            let user = User::from_name(name)?;
            let user = user.ok_or_else(|| {
                io::Error::new(io::ErrorKind::NotFound, format!("there is no user {name}"))
            })?;
            // Without any other group: the library drops them for root (std's exec.rs).
            helper.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        } else if user.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "only root can run a program as another user: leave out the user",
            ));
        }
        let mut child = helper.spawn()?;
        let (Some(input), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        Ok(Self {
            child,
            input,
            answers: BufReader::new(answers),
            is_lost: false,
        })
    }

    fn ask(&mut self, line: &str) -> io::Result<String> {
        self.input.write_all(line.as_bytes())?;
        self.input.write_all(b"\n")?;
        let mut answer = String::new();
        (&mut self.answers).take(1024).read_line(&mut answer)?;
        Ok(answer)
    }
}

impl Destination for Program {
    fn send(&mut self, notice: &Notice) -> io::Result<()> {
        if self.is_lost {
            return Err(io::Error::other("its helper has ended"));
        }
        match self.ask(&notice.record) {
            Ok(answer) if answer.trim_end() == "ok" => Ok(()),
            // It ran: to run it again for the same incident is for it to ask, by a status above 127
            // or below; nobody can tell, so once is enough.
            Ok(answer) if !answer.is_empty() => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                answer.trim_end().to_owned(),
            )),
            _ => {
                self.is_lost = true;
                Err(io::Error::other("its helper has ended"))
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It ends by itself when its input does, after the program if one runs: only it can hold
        // that to its time limit, and it is another user's, whom this process may not signal.
        let _ = self.child.try_wait();
    }
}

/// The helper: runs `command` for each line of `input`, and answers each in a line of `output`.
///
/// # Errors
///
/// When `input` or `output` fails.
pub fn serve(
    command: &[OsString],
    limit: Duration,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        if (&mut *input).take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let answer =
            run(command, &line, limit).unwrap_or_else(|error| format!("not started: {error}"));
        writeln!(output, "{}", answer.replace('\n', " "))?;
        output.flush()?;
    }
}

fn run(command: &[OsString], line: &[u8], limit: Duration) -> io::Result<String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let input = child.stdin.take();
    let line = line.to_vec();
    // A program that reads nothing must not keep this one from looking at the time.
    let writer = thread::spawn(move || {
        if let Some(mut input) = input {
            let _ = input.write_all(&line);
        }
    });
    let deadline = Instant::now() + limit;
    let answer = loop {
        if let Some(status) = child.try_wait()? {
            break if status.success() {
                "ok".into()
            } else {
                format!("it ended with {status}")
            };
        }
        if Instant::now() >= deadline {
            break format!("it did not end within {limit:?} and was killed");
        }
        thread::sleep(LOOK);
    };
    // What it started goes with it.
    let group = i32::try_from(child.id()).unwrap_or(0);
    if group > 1 {
        // SAFETY: takes two numbers; the group is that of the child, which is waited for below.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
    child.wait()?;
    let _ = writer.join();
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::serve;

    fn answers(script: &str, limit: Duration, input: &str) -> Vec<String> {
        let command = ["sh", "-c", script].map(Into::into);
        let mut output = Vec::new();
        serve(&command, limit, &mut input.as_bytes(), &mut output).expect("memory");
        let text = String::from_utf8(output).expect("text");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_line_is_the_input_of_one_run() {
        let script = r#"read line; test "$line" = '{"a":1}'"#;
        let given = answers(script, Duration::from_secs(60), "{\"a\":1}\n{\"a\":2}\n");
        assert_eq!(given, ["ok", "it ended with exit status: 1"]);
    }

    #[test]
    fn a_program_that_does_not_end_is_killed_with_its_children() {
        let begun = Instant::now();
        let given = answers("sleep 600 & wait", Duration::from_millis(50), "{}\n");
        assert!(given[0].contains("was killed"), "{given:?}");
        assert!(begun.elapsed() < Duration::from_secs(60));
    }

    #[test]
    fn a_program_that_reads_nothing_is_no_reason_to_wait() {
        let input = format!("{}\n", "x".repeat(500_000));
        assert_eq!(answers("true", Duration::from_secs(60), &input), ["ok"]);
    }
}
