//! The monitor as the suite runs it: the release build, as its users would call it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::signal::Signal;
use serde_json::Value;

use super::cgroup::Cgroup;
use super::plain::Alarm;
use super::tool::Running;
use support::stop;

/// What the monitor says on standard error once it sees every call.
const READY: &str = "monitor: watching";

/// What it returns when it raised an alarm.
const ALARM: i32 = 3;

/// How long it may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The false alarms asked for where nothing else is: what the monitor's users get.
pub const BUDGET: &str = "1/day";

/// A build of the monitor.
#[derive(Debug)]
pub struct Monitor {
    /// The program.
    pub program: PathBuf,
    /// libonnxruntime.
    pub onnxruntime: PathBuf,
    /// The false alarms asked for, as on its command line.
    pub budget: String,
    /// More options for watching, as `--cpu 10%`.
    pub options: Vec<String>,
}

impl Monitor {
    /// Records what happens in a cgroup.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn record(&self, cgroup: &Cgroup, recording: &Path) -> Result<Watching> {
        let mut command = Command::new(&self.program);
        command.arg("record").arg("--cgroup").arg(cgroup.path());
        command.arg("--output").arg(recording);
        Watching::start(command, recording.with_extension("err"))
    }

    /// Watches a cgroup by a profile; verdicts go to `verdicts`, and exactly what was judged to
    /// `recording`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn watch(
        &self,
        cgroup: &Cgroup,
        profile: &Path,
        verdicts: &Path,
        recording: &Path,
    ) -> Result<Watching> {
        let mut command = Command::new(&self.program);
        command.arg("--cgroup").arg(cgroup.path());
        self.judging(&mut command, profile, verdicts);
        command.arg("--record").arg(recording);
        command.args(&self.options);
        Watching::start(command, verdicts.with_extension("err"))
    }

    /// How a run judges, live or again.
    fn judging(&self, command: &mut Command, profile: &Path, verdicts: &Path) {
        command.arg("--profile").arg(profile);
        command.args(["--budget", &self.budget]);
        command.args(["--format", "json", "--no-alarm-log"]);
        // The limit is for people; here each attack must be able to raise its own.
        command.args(["--alarms-per-minute", "0"]);
        command.arg("--output").arg(verdicts);
        command.arg("--onnxruntime").arg(&self.onnxruntime);
    }

    /// Judges a recording again as [`Monitor::watch`] judged it, but that the LSTM sees only so
    /// many percent of the calls that ask for it.
    ///
    /// # Errors
    /// It fails.
    pub fn replay(&self, recording: &Path, profile: &Path, lstm_percent: f64) -> Result<Verdicts> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let verdicts = folder.path().join("verdicts.jsonl");
        let mut command = Command::new(&self.program);
        command.arg("replay").arg(recording);
        self.judging(&mut command, profile, &verdicts);
        command.arg(format!("--lstm-share={lstm_percent}%"));
        let out = command
            .stdin(Stdio::null())
            .output()
            .context("cannot start the monitor")?;
        let why = String::from_utf8_lossy(&out.stderr);
        ensure!(
            matches!(out.status.code(), Some(0 | ALARM)),
            "monitor replay {}: {}",
            recording.display(),
            why.trim()
        );
        Verdicts::read(&verdicts)
    }

    /// Learns a profile from recordings; what it says about it, as `docs/json.md` has it.
    ///
    /// # Errors
    /// It fails.
    pub fn learn(&self, profile: &Path, recordings: &[PathBuf]) -> Result<Value> {
        let mut command = Command::new(&self.program);
        command
            .arg("learn")
            .arg("--profile")
            .arg(profile)
            .arg("--force");
        command.args(["--budget", &self.budget]);
        command.args(["--format", "json", "--onnxruntime"]);
        command.arg(&self.onnxruntime).args(recordings);
        let out = command
            .stdin(Stdio::null())
            .output()
            .context("cannot start the monitor")?;
        let why = String::from_utf8_lossy(&out.stderr);
        ensure!(out.status.success(), "monitor learn: {}", why.trim());
        serde_json::from_slice(&out.stdout).context("monitor learn printed no JSON")
    }
}

/// A monitor at work.
pub struct Watching {
    running: Running,
    errors: PathBuf,
}

impl Watching {
    fn start(mut command: Command, errors: PathBuf) -> Result<Self> {
        let said =
            File::create(&errors).with_context(|| format!("cannot write {}", errors.display()))?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(said);
        let mut watching = Self {
            running: Running::start(command)?,
            errors,
        };
        let began = Instant::now();
        while !watching.said().contains(READY) {
            if watching.running.ended()?.is_some() || began.elapsed() > PATIENCE {
                bail!("the monitor does not start: {}", watching.said().trim());
            }
            stop::sleep(Duration::from_millis(20))?;
        }
        Ok(watching)
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.errors).unwrap_or_default()
    }

    /// Ends it as a service's manager does: Ctrl-C is ignored by whatever was started behind a
    /// shell's `&`.
    ///
    /// # Errors
    /// It failed.
    pub fn end(mut self) -> Result<()> {
        self.running.signal(Signal::SIGTERM);
        let status = self.running.wait(PATIENCE)?;
        ensure!(
            matches!(status.code(), Some(0 | ALARM)),
            "the monitor ended with {status}: {}",
            self.said().trim()
        );
        Ok(())
    }
}

/// One thing that a person is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// Whether it opens an incident; otherwise it says what became of one.
    pub opens: bool,
    /// What happened, in a line.
    pub headline: String,
}

/// What a run of the monitor wrote.
#[derive(Debug)]
pub struct Verdicts {
    /// The alarms, in the order in which they were told.
    pub alarms: Vec<Alarm>,
    /// What a person is told of incidents, closing apart.
    pub messages: Vec<Message>,
    /// The summary.
    pub summary: Value,
}

impl Verdicts {
    /// Reads the lines of JSON of a run.
    ///
    /// # Errors
    /// The file cannot be read, or has no summary.
    pub fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut found = Self {
            alarms: Vec::new(),
            messages: Vec::new(),
            summary: Value::Null,
        };
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).context("not a line of JSON")?;
            match line["type"].as_str() {
                // Suppressed ones are logged and not reported.
                Some("alarm") if line["suppressed"].is_null() => found
                    .alarms
                    .push(alarm(&line).context("an alarm lacks its time or process")?),
                Some("incident") if line["suppressed"].is_null() => {
                    found.messages.extend(message(&line));
                }
                Some("summary") => found.summary = line,
                _ => {}
            }
        }
        ensure!(
            !found.summary.is_null(),
            "{} has no summary",
            path.display()
        );
        Ok(found)
    }
}

/// `None` where an incident closes: nobody is called for that.
fn message(line: &Value) -> Option<Message> {
    let state = line["state"].as_str()?;
    (state != "closed").then_some(())?;
    Some(Message {
        opens: state == "opened",
        headline: line["headline"].as_str()?.to_owned(),
    })
}

fn alarm(line: &Value) -> Option<Alarm> {
    let number = |field: &str| line[field].as_u64();
    let id = |field: &str| number(field).and_then(|id| u32::try_from(id).ok());
    Some(Alarm {
        time_ns: number("time_ns")?,
        tgid: id("pid")?,
        tid: id("tid")?,
    })
}

/// `path` with a name of its own for one run.
pub fn file(folder: &Path, run: &str, extension: impl AsRef<OsStr>) -> PathBuf {
    folder.join(run).with_extension(extension)
}

#[cfg(test)]
mod tests {
    use super::{Message, Verdicts};

    #[test]
    fn what_a_person_is_told_is_neither_suppressed_nor_that_it_is_over() {
        let line = |state: &str, suppressed: &str| {
            format!(
                "{{\"type\":\"incident\",\"state\":\"{state}\",\
                 \"headline\":\"x ran\",\"suppressed\":{suppressed}}}\n"
            )
        };
        let text = [
            line("opened", "null"),
            line("updated", "null"),
            line("opened", "\"by a person\""),
            line("closed", "null"),
            "{\"type\":\"summary\"}\n".to_owned(),
        ];
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("verdicts");
        std::fs::write(&path, text.concat()).expect("written");
        let told = |opens| Message {
            opens,
            headline: "x ran".to_owned(),
        };
        let verdicts = Verdicts::read(&path).expect("read");
        assert_eq!(verdicts.messages, [told(true), told(false)]);
    }
}
