//! The text of `strace -f` as a source of events.
//!
//! A call is counted where it is *entered*: the line that ends in `<unfinished ...>` is the call,
//! `<... resumed>` only its end. Names become numbers through the table of the thread's ABI;
//! strace's note that a process runs in 32-bit mode changes it. strace leaves that note out of a
//! file of `-o`: there, a name that only the other table has still tells, but a name that both have
//! is taken for the native one.
//!
//! What the text does not tell: which threads share a process (each tid is taken for its own tgid),
//! when a thread started, a thread's name before its first execve (unless `-Y` prints it), and the
//! pid of the first process when strace does not print it. That one has tid 0.

mod calls;
mod clock;
mod constants;
mod line;
mod lines;
mod message;
mod quoted;
mod text;
mod threads;
mod touch;
mod understand;

use std::collections::VecDeque;
use std::io::BufRead;

use crate::syscall::event::{Abi, Event, EventKind};
use crate::syscall::table;
use crate::trace::error::TraceError;
use crate::trace::recorded::{FormatReader, TraceSummary};

use clock::Clock;
use line::What;
use lines::Lines;
use text::numbered;
use threads::Threads;

/// Whether the line has the form of a call, its end, or the end of a thread.
#[must_use]
pub fn is_strace(text: &[u8]) -> bool {
    match line::parse(text).what {
        // Prose holds brackets too: a call has a name that some table knows, or a result.
        What::Call { name, rest } => {
            let name = std::str::from_utf8(name).unwrap_or("");
            let known = Abi::ALL
                .iter()
                .any(|&abi| table::number(abi, name).is_some());
            known || numbered(name).is_some() || rest.windows(3).any(|w| w == b" = ")
        }
        What::Resumed { .. } | What::Ended | What::Superseded { .. } => true,
        What::Message(_) | What::Mode { .. } => true,
        What::Other | What::Noise => false,
    }
}

/// The calls of a text, one stretch for each run of lines of one thread.
pub struct Strace<R> {
    lines: Lines<R>,
    threads: Threads,
    clock: Clock,
    now: u64,
    /// The stretch that the next call of the same thread joins.
    run: Option<(u32, Event)>,
    /// What calls of that stretch touched: told before it.
    touches: Vec<Event>,
    ready: VecDeque<Event>,
    /// The thread into whose last line strace wrote, so that the next one may be its rest.
    broken: Option<u32>,
    summary: TraceSummary,
    over: bool,
}

impl<R: BufRead> Strace<R> {
    /// Reads from `reader`; the traced program is of `abi`. `origin` names the input in errors and
    /// is shown as it is.
    pub fn new(origin: String, reader: R, abi: Abi) -> Self {
        Self {
            lines: Lines::new(origin, reader),
            threads: Threads::new(abi),
            clock: Clock::default(),
            now: 0,
            run: None,
            touches: Vec::new(),
            ready: VecDeque::new(),
            broken: None,
            summary: TraceSummary::default(),
            over: false,
        }
    }

    fn emit(&mut self, id: u32, kind: EventKind) {
        self.end_run();
        let event = self.threads.event(id, self.now, kind);
        self.ready.push_back(event);
    }

    fn end_run(&mut self) {
        self.ready.extend(self.touches.drain(..));
        self.ready.extend(self.run.take().map(|(_, event)| event));
    }

    fn event(&mut self) -> Result<Option<Event>, TraceError> {
        let mut line = Vec::new();
        while self.ready.is_empty() && !self.over {
            if self.lines.read(&mut line)? {
                self.understand(&line)?;
                continue;
            }
            self.over = true;
            self.end_run();
            if self.summary.calls == 0 {
                return Err(TraceError::Unusable {
                    origin: self.lines.origin().to_owned(),
                    problem: "holds no system call".to_owned(),
                    remedy: "give the output of strace -f, or check the ABI",
                });
            }
        }
        Ok(self.ready.pop_front())
    }
}

impl<R: BufRead> Iterator for Strace<R> {
    type Item = Result<Event, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.event();
        self.over |= next.is_err();
        next.transpose()
    }
}

impl<R: BufRead> FormatReader for Strace<R> {
    fn summary(&self) -> TraceSummary {
        self.summary.clone()
    }
}

#[cfg(test)]
mod tests;
