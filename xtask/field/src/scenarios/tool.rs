//! Programs that the suite starts: load generators, clients, services. None outlives its guard.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, anyhow, bail};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{AccessFlags, Pid, access};

use support::stop;

/// Folders beside those of `PATH` where Debian keeps daemons.
const DAEMONS: [&str; 4] = ["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin"];

/// A program under way, in a process group of its own. Dropping it kills the group.
pub struct Running {
    child: Child,
    name: String,
    /// What it writes on standard error, when it is not written elsewhere.
    errors: Option<File>,
}

/// How much of the end of a program's standard error is shown when it fails.
const LAST_WORDS: u64 = 2048;

impl Running {
    /// Starts a program.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(mut command: Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        Ok(Self {
            child,
            name,
            errors: None,
        })
    }

    /// Starts a program without input, whose standard error is shown only when it fails.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_quietly(mut command: Command) -> Result<Self> {
        let errors = tempfile::tempfile().context("cannot make a file for its errors")?;
        command.stdin(Stdio::null()).stderr(errors.try_clone()?);
        let mut running = Self::start(command)?;
        running.errors = Some(errors);
        Ok(running)
    }

    /// The error `why` with the program's name, and the last words that it wrote on standard error.
    pub fn blamed(&self, why: Error) -> Error {
        let words = self.last_words();
        if words.is_empty() {
            return why.context(self.name.clone());
        }
        anyhow!("{}: {why:#}; its last words:\n{words}", self.name)
    }

    /// An error when it ended with another status than `good`.
    ///
    /// # Errors
    /// Then, with its last words.
    pub fn ensure_good(&self, status: ExitStatus, good: &[i32]) -> Result<()> {
        if status.code().is_some_and(|code| good.contains(&code)) {
            return Ok(());
        }
        Err(self.blamed(anyhow!("it ended with {status}")))
    }

    fn last_words(&self) -> String {
        let read = |mut file: &File| {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS)))?;
            let mut bytes = Vec::new();
            file.take(LAST_WORDS).read_to_end(&mut bytes)?;
            Ok::<_, std::io::Error>(String::from_utf8_lossy(&bytes).trim().to_owned())
        };
        let words = self.errors.as_ref().map(read);
        words.and_then(Result::ok).unwrap_or_default()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal (not its group).
    pub fn signal(&self, signal: Signal) {
        super::cgroup::send(self.child.id(), signal);
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It does not end in time, or the user asks to stop.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if began.elapsed() > patience {
                bail!("{} has not ended within {patience:.0?}", self.name);
            }
            stop::sleep(Duration::from_millis(10))?;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        if let Ok(group) = i32::try_from(self.child.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

/// Runs a client to its end, its output thrown away.
///
/// # Errors
/// It cannot be started or takes too long; its own failure is `Ok(false)`.
pub fn run(command: &mut Command, patience: Duration) -> Result<bool> {
    Ok(Running::start(quiet(command))?.wait(patience)?.success())
}

/// The same command without input and output.
fn quiet(command: &Command) -> Command {
    let mut taken = Command::new(command.get_program());
    taken.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => taken.env(name, value),
            None => taken.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        taken.current_dir(folder);
    }
    taken
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    taken
}

/// What a client prints.
///
/// # Errors
/// It cannot be started, takes too long, or fails: with its last words.
pub fn text(command: &mut Command, patience: Duration) -> Result<String> {
    let mut out = tempfile::tempfile().context("cannot make a file for its output")?;
    let mut taken = quiet(command);
    taken.stdout(out.try_clone()?);
    let mut running = Running::start_quietly(taken)?;
    let status = running.wait(patience)?;
    running.ensure_good(status, &[0])?;
    out.rewind()?;
    let mut bytes = Vec::new();
    out.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
}

/// Whether this file is there and can be run.
pub fn program(path: &Path) -> bool {
    path.is_file() && access(path, AccessFlags::X_OK).is_ok()
}

/// Where a program of this name is.
pub fn find(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&named)
        .chain(DAEMONS.iter().map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|path| program(path))
}

/// The first line that a program prints of itself, on stdout or stderr; "unknown" when it says
/// nothing.
pub fn first_line(path: &Path, argument: &str) -> String {
    let said = Command::new(path)
        .arg(argument)
        .stdin(Stdio::null())
        .output()
        .map(|out| [out.stdout, out.stderr].concat())
        .unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    said.lines().next().unwrap_or("unknown").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::Running;

    #[test]
    fn the_last_words_of_a_program_that_failed_are_shown() {
        let mut command = Command::new("/bin/sh");
        command.args([
            "-c",
            "yes padding | head -c 9000 >&2; echo no library >&2; exit 2",
        ]);
        command.stdout(Stdio::null());
        let mut running = Running::start_quietly(command).expect("there is a shell");
        let status = running.wait(Duration::from_secs(20)).expect("it ends");
        let why = running.ensure_good(status, &[0, 3]).expect_err("it failed");
        let why = format!("{why:#}");
        assert!(
            why.starts_with("/bin/sh: it ended with exit status: 2"),
            "{why}"
        );
        assert!(why.ends_with("no library"), "{why}");
        assert!(why.len() < 2300, "{} bytes", why.len());
        assert!(running.ensure_good(status, &[2]).is_ok());
    }
}
