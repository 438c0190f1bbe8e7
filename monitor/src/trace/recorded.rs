//! The one type behind which every recorded source stands.

use std::collections::BTreeMap;
use std::fmt;

use crate::run::clock::WallClock;
use crate::source::Source;
use crate::syscall::event::{Event, ThreadKey};
use crate::trace::error::TraceError;

/// What a recorded source is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// A recording of `monitor record`.
    Recording,
    /// One trace or a folder of traces in ADFA-LD's format.
    AdfaLd,
    /// The text of `strace -f`.
    Strace,
    /// Call names separated by blanks or commas.
    Names,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recording => "recording",
            Self::AdfaLd => "ADFA-LD",
            Self::Strace => "strace text",
            Self::Names => "call names",
        })
    }
}

/// What was left out of a source, or is known to be missing from it. It is complete only when the
/// source has come to its end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TraceSummary {
    /// Traces (ADFA-LD) or threads (others) that had at least one call.
    pub traces: u64,
    /// Calls that were yielded.
    pub calls: u64,
    /// What was skipped and how often, by reason in words.
    pub skipped: BTreeMap<&'static str, u64>,
    /// Call names that no table has and how often, at most [`TraceSummary::NAMES`] of them.
    pub unknown_names: BTreeMap<String, u64>,
    /// Occurrences of unknown names in all, listed or not.
    pub unknown_calls: u64,
    /// Calls that the recorder itself lost, by reason.
    pub lost: BTreeMap<String, u64>,
    /// Bytes of a half-written record at the end, which were not read.
    pub cut_bytes: u64,
    /// Whether the end is known to be the true one: `None` in formats that do not say.
    pub ended_cleanly: Option<bool>,
}

impl TraceSummary {
    /// How many different unknown names are listed.
    pub const NAMES: usize = 64;

    /// Counts something that was left out.
    pub fn skip(&mut self, reason: &'static str) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    /// Counts a call whose name no table has; `name` is stored escaped.
    pub fn unknown(&mut self, name: &[u8]) {
        self.unknown_calls += 1;
        let name = name[..name.len().min(40)].escape_ascii().to_string();
        if self.unknown_names.len() < Self::NAMES || self.unknown_names.contains_key(&name) {
            *self.unknown_names.entry(name).or_default() += 1;
        }
    }

    /// The remarks that a user needs to see, one sentence each; empty when all was read.
    #[must_use]
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        for (reason, count) in &self.skipped {
            remarks.push(format!("skipped {count}: {reason}"));
        }
        if self.unknown_calls > 0 {
            let names: Vec<_> = self
                .unknown_names
                .iter()
                .map(|(name, count)| format!("{name} ({count})"))
                .collect();
            remarks.push(format!(
                "{} calls left out, because no table has their names: {}",
                self.unknown_calls,
                names.join(", ")
            ));
        }
        for (reason, count) in &self.lost {
            remarks.push(format!("the recorder lost {count}: {reason}"));
        }
        if self.cut_bytes > 0 {
            remarks.push(format!(
                "the recording was cut: its last {} bytes are no whole record and were not read",
                self.cut_bytes
            ));
        } else if self.ended_cleanly == Some(false) {
            remarks.push(
                "the recording has no end: its recorder was stopped or the file was cut \
                          between records"
                    .to_owned(),
            );
        }
        remarks
    }
}

/// What every recorded source can do.
pub trait FormatReader: Iterator<Item = Result<Event, TraceError>> {
    /// What was left out so far.
    fn summary(&self) -> TraceSummary;

    /// The name of the trace that became this thread, escaped; `None` in sources of real threads.
    fn trace_name(&self, thread: ThreadKey) -> Option<String> {
        let _ = thread;
        None
    }
}

/// A recorded source of any format. After an error it yields nothing more.
pub struct Recorded {
    format: Format,
    about: Option<String>,
    clock: WallClock,
    inner: Box<dyn FormatReader + Send>,
    failed: bool,
}

impl Recorded {
    /// Puts a source behind the common type.
    #[must_use]
    pub fn new(format: Format, inner: Box<dyn FormatReader + Send>) -> Self {
        Self {
            format,
            about: None,
            clock: WallClock::Unknown,
            inner,
            failed: false,
        }
    }

    /// Adds what the input says of itself, escaped.
    #[must_use]
    pub fn with_about(mut self, about: String) -> Self {
        self.about = Some(about);
        self
    }

    /// Adds how the times of the events relate to the time of day.
    #[must_use]
    pub fn with_clock(mut self, clock: WallClock) -> Self {
        self.clock = clock;
        self
    }

    /// What the input says of itself (the host and target of a recording), escaped.
    #[must_use]
    pub fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// What the input turned out to be.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// What was left out so far; complete when the source has ended.
    #[must_use]
    pub fn summary(&self) -> TraceSummary {
        self.inner.summary()
    }

    /// The name of the trace that became this thread, escaped; `None` in sources of real threads.
    #[must_use]
    pub fn trace_name(&self, thread: ThreadKey) -> Option<String> {
        self.inner.trace_name(thread)
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded")
            .field("format", &self.format)
            .finish_non_exhaustive()
    }
}

impl Iterator for Recorded {
    type Item = Result<Event, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.inner.next();
        self.failed = matches!(next, Some(Err(_)));
        next
    }
}

impl Source for Recorded {
    type Error = TraceError;

    fn clock(&self) -> WallClock {
        self.clock
    }
}
