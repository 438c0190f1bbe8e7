//! A recording made while the calls are scored.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use monitor::pipeline::Tap;
use monitor::run::clock::monotonic_ns;
use monitor::run::snapshot::{SourceStatus, Unscored};
use monitor::syscall::event::Event;
use monitor::syscall::table;
use monitor::trace::error::shown;
use monitor::trace::recording::{Header, RecordingWriter};

/// What a crash may cost of a recording.
const FLUSH: Duration = Duration::from_secs(1);

/// Writes every event into a file.
pub struct Recorder {
    writer: Option<RecordingWriter<File>>,
    flushed: Instant,
}

impl Recorder {
    /// Begins a recording at `path`, in the place of what stood there; `targets` says what is
    /// watched, in words.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, targets: &str) -> Result<Self> {
        let begin = || {
            let header = Header {
                started_unix_ns: unix_ns(),
                started_monotonic_ns: monotonic_ns(),
                native: table::host(),
                kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")
                    .map(|release| release.trim().to_owned())
                    .unwrap_or_default(),
                targets: targets.to_owned(),
            };
            RecordingWriter::new(File::create(path)?, &header)
        };
        let writer = begin().with_context(|| format!("cannot write to {}", shown(path)))?;
        Ok(Self {
            writer: Some(writer),
            flushed: Instant::now(),
        })
    }
}

impl Tap for Recorder {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        writer.event(event)?;
        if self.flushed.elapsed() >= FLUSH {
            writer.flush()?;
            self.flushed = Instant::now();
        }
        Ok(())
    }

    fn finish(&mut self, source: &SourceStatus, unscored: Unscored) -> io::Result<()> {
        let Some(mut writer) = self.writer.take() else {
            return Ok(());
        };
        for &(reason, count) in &source.lost {
            writer.lost(reason, count)?;
        }
        if unscored.calls > 0 {
            writer.lost("not taken in time", unscored.calls)?;
        }
        writer.finish(monotonic_ns())?.sync_all()
    }
}

fn unix_ns() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
