//! ADFA-LD's format: one trace a file, numbers of the i386 table separated by blanks.
//!
//! [`parse`] reads one trace at once and is what training uses; [`Traces`] yields a file's or a
//! folder's traces as events, one thread a trace.

pub mod folder;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use crate::syscall::adfa::LARGEST;
use crate::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use crate::trace::error::{TraceError, shown};
use crate::trace::recorded::{FormatReader, TraceSummary};
use crate::trace::words::Words;

/// How many calls of a trace stand in one event at most.
const STRETCH: usize = 1024;

/// A trace file without a number in it.
pub(crate) const EMPTY: &str = "trace without a call";

const REMEDY: &str = "an ADFA-LD trace holds numbers from 0 to 340 separated by blanks";

/// The numbers of a trace, one by one, in constant memory.
#[derive(Debug)]
pub struct Numbers<R> {
    words: Words<R>,
}

impl<R: BufRead> Numbers<R> {
    /// Reads from `reader`; `origin` names it in errors and is shown as it is.
    pub fn new(origin: String, reader: R) -> Self {
        Self {
            words: Words::new(origin, reader, |byte| byte.is_ascii_whitespace()),
        }
    }

    /// The next number, or `None` at the end.
    ///
    /// # Errors
    ///
    /// A word that is no number, a number over 340, or a failure of the reader.
    pub fn number(&mut self) -> Result<Option<u16>, TraceError> {
        let Some(word) = self.words.word()? else {
            return Ok(None);
        };
        let digits = word.iter().all(u8::is_ascii_digit);
        let text = std::str::from_utf8(&word).unwrap_or("");
        match text.parse::<u16>() {
            Ok(number) if digits && number <= LARGEST => Ok(Some(number)),
            _ if digits => Err(self.words.refuse(&word, "over 340", REMEDY)),
            _ => Err(self.words.refuse(&word, "no number", REMEDY)),
        }
    }
}

/// The numbers of one whole trace; empty when it holds none, which the caller counts as skipped.
///
/// # Errors
///
/// A word that is no number or a number over 340; `origin` names the trace in the message.
pub fn parse(origin: &str, bytes: &[u8]) -> Result<Vec<u16>, TraceError> {
    let mut numbers = Numbers::new(origin.to_owned(), bytes);
    let mut trace = Vec::new();
    while let Some(number) = numbers.number()? {
        trace.push(number);
    }
    Ok(trace)
}

/// A trace that is being read.
struct Open {
    numbers: Numbers<Box<dyn BufRead + Send>>,
    thread: ThreadKey,
    comm: Comm,
    seq: u64,
}

/// Traces as events: the n-th trace is the thread with tgid and tid n, counted from 1, and its name
/// is the end of the file's.
pub struct Traces {
    root: PathBuf,
    files: std::vec::IntoIter<PathBuf>,
    names: Vec<String>,
    open: Option<Open>,
    summary: TraceSummary,
}

impl Traces {
    /// The traces of a folder, recursively, sorted by path (see [`folder::list`]).
    ///
    /// # Errors
    ///
    /// The folder cannot be read, or holds no trace.
    pub fn folder(root: &Path) -> Result<Self, TraceError> {
        let listing = folder::list(root)?;
        if listing.files.is_empty() {
            return Err(TraceError::Unusable {
                origin: shown(root),
                problem: "holds no trace".to_owned(),
                remedy: "give a folder with ADFA-LD's .txt files in it",
            });
        }
        Ok(Self {
            root: root.to_owned(),
            files: listing.files.into_iter(),
            names: Vec::new(),
            open: None,
            summary: TraceSummary {
                skipped: listing.skipped,
                ..TraceSummary::default()
            },
        })
    }

    /// The one trace that `reader` holds, called `name`.
    #[must_use]
    pub fn single(name: &str, reader: Box<dyn BufRead + Send>) -> Self {
        let mut traces = Self {
            root: PathBuf::new(),
            files: Vec::new().into_iter(),
            names: Vec::new(),
            open: None,
            summary: TraceSummary::default(),
        };
        traces.start(name.to_owned(), name.to_owned(), reader);
        traces
    }

    fn start(&mut self, origin: String, name: String, reader: Box<dyn BufRead + Send>) {
        let stem = name.strip_suffix(".txt").unwrap_or(&name);
        let stem = stem.rsplit('/').next().unwrap_or(stem).as_bytes();
        // Names of attack traces differ at their end: UAD-Hydra-FTP-1-1371.
        let comm = Comm::new(&stem[stem.len().saturating_sub(15)..]);
        self.names.push(name);
        let number = self.names.len() as u32;
        self.open = Some(Open {
            numbers: Numbers::new(origin, reader),
            thread: ThreadKey {
                tgid: number,
                tid: number,
                start_ns: 0,
            },
            comm,
            seq: 0,
        });
    }

    fn event(&mut self) -> Result<Option<Event>, TraceError> {
        loop {
            if self.open.is_none() {
                let Some(path) = self.files.next() else {
                    return Ok(None);
                };
                let origin = shown(&self.root.join(&path));
                let file = File::open(self.root.join(&path)).map_err(|error| TraceError::Io {
                    origin: origin.clone(),
                    error,
                })?;
                self.start(origin, shown(&path), Box::new(BufReader::new(file)));
            }
            let Some(mut trace) = self.open.take() else {
                continue;
            };
            let mut calls = Vec::new();
            while calls.len() < STRETCH
                && let Some(number) = trace.numbers.number()?
            {
                let number = u32::from(number);
                let abi = Abi::I386;
                calls.push(Call { abi, number });
            }
            if calls.is_empty() && trace.seq == 0 {
                self.summary.skip(EMPTY);
                self.names.pop();
                continue;
            }
            let event = |kind| Event {
                service: ServiceId::NONE,
                thread: trace.thread,
                comm: trace.comm,
                time_ns: 0,
                kind,
            };
            if calls.is_empty() {
                self.summary.traces += 1;
                return Ok(Some(event(EventKind::Exit { count: trace.seq })));
            }
            let event = event(EventKind::Calls(Stretch {
                first_seq: trace.seq,
                last_ns: 0,
                calls,
            }));
            if let EventKind::Calls(stretch) = &event.kind {
                trace.seq += stretch.calls.len() as u64;
                self.summary.calls += stretch.calls.len() as u64;
            }
            self.open = Some(trace);
            return Ok(Some(event));
        }
    }
}

impl Iterator for Traces {
    type Item = Result<Event, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.event().transpose()
    }
}

impl FormatReader for Traces {
    fn summary(&self) -> TraceSummary {
        self.summary.clone()
    }

    fn trace_name(&self, thread: ThreadKey) -> Option<String> {
        let place = (thread.tid as usize).checked_sub(1)?;
        self.names.get(place).cloned()
    }
}

#[cfg(test)]
mod tests;
