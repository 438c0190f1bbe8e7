//! The example `meter` of the monitor: a live run that measures itself.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

use crate::bench::overhead::threads;
use support::stop;

/// What judges.
#[derive(Clone, Copy, Debug)]
pub enum Engine<'a> {
    /// Nothing.
    None,
    /// The general model.
    Model,
    /// The profile in this file.
    Profile(&'a Path),
}

impl Engine<'_> {
    /// In a word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Model => "model",
            Self::Profile(_) => "profile",
        }
    }
}

/// What it counted.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Told {
    pub received: u64,
    pub lost: u64,
    pub unscored: u64,
    pub scored: u64,
    pub median_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    /// CPU time of the thread that reads and decodes, since it watches.
    #[serde(default)]
    pub reader_seconds: f64,
}

/// A run of it.
pub struct Meter {
    child: Child,
    lines: BufReader<ChildStdout>,
    ends: Instant,
    /// What the thread that reads had used when it began to watch: it loaded the probe.
    started_seconds: f64,
}

/// Builds it.
///
/// # Errors
/// It does not build.
pub fn build() -> Result<PathBuf> {
    let words = [
        "build",
        "--release",
        "--package",
        "monitor",
        "--example",
        "meter",
    ];
    let status = xtask::cargo::in_workspace().args(words).status()?;
    if !status.success() {
        bail!("the example meter does not build");
    }
    Ok(support::place::target().join("release/examples/meter"))
}

impl Meter {
    /// Starts it; it watches when this returns.
    ///
    /// # Errors
    /// It does not.
    pub fn start(
        program: &Path,
        onnxruntime: &Path,
        pid: u32,
        seconds: f64,
        engine: Engine<'_>,
    ) -> Result<Self> {
        let mut command = Command::new(program);
        command.args([pid.to_string(), seconds.to_string()]);
        match engine {
            Engine::Profile(path) => command.arg(path),
            other => command.arg(other.name()),
        };
        // By an argument and not by ORT_DYLIB_PATH, which sudo's user cannot vouch for.
        command.arg(onnxruntime);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| program.display().to_string())?;
        let out = child.stdout.take().context("the meter has no output")?;
        let mut meter = Self {
            child,
            lines: BufReader::new(out),
            ends: Instant::now(),
            started_seconds: 0.0,
        };
        meter.line()?;
        meter.started_seconds = meter.reader_seconds();
        meter.ends = Instant::now() + Duration::try_from_secs_f64(seconds)?;
        Ok(meter)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.lines.read_line(&mut line)? == 0 {
            bail!("the meter ended by itself: its error stands above");
        }
        Ok(line)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It failed.
    pub fn end(mut self) -> Result<Told> {
        // The thread's clock can be read only while it lives.
        let left = self.ends.saturating_duration_since(Instant::now());
        stop::sleep(left.saturating_sub(Duration::from_millis(50)))?;
        let reader = self.reader_seconds();
        let line = self.line()?;
        let mut told: Told = serde_json::from_str(&line).context("what the meter tells")?;
        told.reader_seconds = reader - self.started_seconds;
        Ok(told)
    }

    fn reader_seconds(&self) -> f64 {
        threads(self.child.id())
            .into_iter()
            .find(|(name, _)| name == "meter")
            .map_or(f64::NAN, |(_, time)| time.as_secs_f64())
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
