//! A recording made while the run goes on.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::Tap;
use crate::report::remarks::remark;
use crate::run::clock::{monotonic_ns, unix_ns};
use crate::run::kernel;
use crate::run::private_file::{self, Existing};
use crate::run::snapshot::{OutputState, OutputStatus, SourceStatus, Unscored};
use crate::syscall::event::{Event, EventKind};
use crate::syscall::table;
use crate::trace::error::shown;
use crate::trace::recording::{Header, RecordingWriter};

/// What a crash may cost of a recording.
const FLUSH: Duration = Duration::from_secs(1);

/// How long a recording that could not be written rests.
const REST: Duration = Duration::from_secs(1);

/// Writes every event into a file. What it cannot write is counted, as calls lost, and the next
/// events are tried again: the run is not for the recording's sake.
pub struct Recorder {
    writer: Option<RecordingWriter<File>>,
    name: String,
    flushed: Instant,
    /// Nothing is tried before.
    rests_until: Option<Instant>,
    events: u64,
    failures: u64,
    dropped: u64,
    dropped_calls: u64,
    error: Option<String>,
}

impl Recorder {
    /// Begins a recording at `path`, in the place of what stood there; `targets` says what is
    /// watched, in words.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, targets: &str) -> io::Result<Self> {
        let file = private_file::open(path, Existing::Replace)?;
        Self::begin(file, format!("recording {}", shown(path)), targets)
    }

    /// Begins a recording in an open file; `name` is what messages call it.
    ///
    /// # Errors
    /// When the file cannot be written.
    fn begin(file: File, name: String, targets: &str) -> io::Result<Self> {
        let header = Header {
            started_unix_ns: unix_ns(),
            started_monotonic_ns: monotonic_ns(),
            native: table::host(),
            kernel: kernel::release(),
            targets: targets.to_owned(),
        };
        Ok(Self {
            writer: Some(RecordingWriter::new(file, &header)?),
            name,
            flushed: Instant::now(),
            rests_until: None,
            events: 0,
            failures: 0,
            dropped: 0,
            dropped_calls: 0,
            error: None,
        })
    }

    /// Notes how an attempt went; the first failure of a series is told.
    fn note(&mut self, outcome: io::Result<()>) -> bool {
        match outcome {
            Ok(()) => {
                if self.rests_until.take().is_some() {
                    remark(&format!("{}: written again", self.name));
                }
                true
            }
            Err(error) => {
                self.failures += 1;
                self.error = Some(error.to_string());
                if self.rests_until.replace(Instant::now() + REST).is_none() {
                    remark(&format!("{}: {error}; tried again", self.name));
                }
                false
            }
        }
    }

    fn rests(&self) -> bool {
        self.rests_until.is_some_and(|until| Instant::now() < until)
    }

    fn lose(&mut self, event: &Event) {
        self.dropped += 1;
        if let EventKind::Calls(stretch) = &event.kind {
            self.dropped_calls += stretch.calls.len() as u64;
        }
    }
}

impl Tap for Recorder {
    fn event(&mut self, event: &Event) {
        if self.rests() {
            return self.lose(event);
        }
        let Some(writer) = &mut self.writer else {
            return;
        };
        let outcome = writer.event(event);
        if self.note(outcome) {
            self.events += 1;
        } else {
            self.lose(event);
        }
    }

    fn tick(&mut self) {
        if self.flushed.elapsed() < FLUSH || self.rests() {
            return;
        }
        self.flushed = Instant::now();
        if let Some(writer) = &mut self.writer {
            let outcome = writer.flush();
            self.note(outcome);
        }
    }

    fn finish(&mut self, source: &SourceStatus, unscored: Unscored) {
        let Some(mut writer) = self.writer.take() else {
            return;
        };
        let mut complete = || -> io::Result<()> {
            for &(reason, count) in &source.lost {
                writer.lost(reason, count)?;
            }
            if unscored.calls > 0 {
                writer.lost("not taken in time", unscored.calls)?;
            }
            if self.dropped_calls > 0 {
                writer.lost("not recorded", self.dropped_calls)?;
            }
            Ok(())
        };
        let outcome = complete()
            .and_then(|()| writer.finish(monotonic_ns()))
            .and_then(|file| sync(&file));
        if !self.note(outcome) {
            self.dropped += 1;
        }
    }

    fn health(&self) -> Option<OutputStatus> {
        Some(OutputStatus {
            name: self.name.clone(),
            state: if self.rests_until.is_some() {
                OutputState::Failing
            } else {
                OutputState::Ok
            },
            written: self.events,
            failures: self.failures,
            dropped: self.dropped,
            queued: 0,
            error: self.error.clone(),
        })
    }
}

/// To the disk, where the file is on one: a pipe has nothing to synchronise (fsync(2), `EINVAL`).
fn sync(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        outcome => outcome,
    }
}
