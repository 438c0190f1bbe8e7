//! A plain sequence of call names, separated by blanks or commas, as the trace of one thread.

use std::io::BufRead;

use crate::syscall::event::{Abi, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use crate::syscall::table;
use crate::trace::error::TraceError;
use crate::trace::recorded::{FormatReader, TraceSummary};
use crate::trace::words::Words;

/// How many calls stand in one event at most.
const STRETCH: usize = 1024;

/// The sequence as events of the thread with tgid and tid 1, without times.
///
/// A name that no table of the ABI has is left out and counted.
#[derive(Debug)]
pub struct Names<R> {
    words: Words<R>,
    abi: Abi,
    summary: TraceSummary,
    over: bool,
}

impl<R: BufRead> Names<R> {
    /// Reads from `reader`, whose names are those of `abi` (see [`table::call`]); `origin` names it
    /// in errors and is shown as it is.
    pub fn new(origin: String, reader: R, abi: Abi) -> Self {
        Self {
            words: Words::new(origin, reader, |byte| {
                byte == b',' || byte.is_ascii_whitespace()
            }),
            abi,
            summary: TraceSummary::default(),
            over: false,
        }
    }

    fn event(&mut self) -> Result<Option<Event>, TraceError> {
        if self.over {
            return Ok(None);
        }
        let first_seq = self.summary.calls;
        let mut calls = Vec::new();
        while calls.len() < STRETCH
            && let Some(word) = self.words.word()?
        {
            if word.first().is_some_and(u8::is_ascii_digit) {
                let remedy =
                    "give call names only, or numbers of ADFA-LD only, separated by blanks";
                return Err(self.words.refuse(&word, "a number among names", remedy));
            }
            let name = std::str::from_utf8(&word).unwrap_or("");
            match table::call(self.abi, name) {
                Some(call) => calls.push(call),
                None => self.summary.unknown(&word),
            }
        }
        self.summary.calls += calls.len() as u64;
        let kind = if calls.is_empty() {
            self.over = true;
            if first_seq == 0 {
                return Err(TraceError::Unusable {
                    origin: self.words.origin().to_owned(),
                    problem: "holds no name of a system call".to_owned(),
                    remedy: "give a recording, an ADFA-LD trace, the text of strace, or call names",
                });
            }
            self.summary.traces = 1;
            EventKind::Exit { count: first_seq }
        } else {
            EventKind::Calls(Stretch {
                first_seq,
                last_ns: 0,
                calls,
            })
        };
        Ok(Some(Event {
            service: ServiceId::NONE,
            thread: ThreadKey {
                tgid: 1,
                tid: 1,
                start_ns: 0,
            },
            comm: Comm::default(),
            time_ns: 0,
            kind,
        }))
    }
}

impl<R: BufRead> Iterator for Names<R> {
    type Item = Result<Event, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.event();
        self.over |= next.is_err();
        next.transpose()
    }
}

impl<R: BufRead> FormatReader for Names<R> {
    fn summary(&self) -> TraceSummary {
        self.summary.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::syscall::event::{Abi, EventKind};
    use crate::trace::recorded::FormatReader;

    #[test]
    fn names_become_calls_and_unknown_ones_are_counted() {
        let mut names = Names::new(
            String::new(),
            &b"open, read read,close\nmmap2 foo\x1b"[..],
            Abi::X86_64,
        );
        let events: Vec<_> = (&mut names).map(|event| event.expect("an event")).collect();
        let EventKind::Calls(stretch) = &events[0].kind else {
            panic!("{events:?}");
        };
        let calls: Vec<_> = stretch.calls.iter().map(|c| (c.abi, c.number)).collect();
        let native = [2, 0, 0, 3].map(|number| (Abi::X86_64, number));
        assert_eq!(calls[..4], native);
        assert_eq!(calls[4..], [(Abi::I386, 192)]);
        assert_eq!(events[1].kind, EventKind::Exit { count: 5 });
        let unknown: Vec<_> = names.summary().unknown_names.into_iter().collect();
        assert_eq!(unknown, [("foo\\x1b".to_owned(), 1)]);
    }

    #[test]
    fn numbers_among_names_and_a_text_of_no_name_are_errors() {
        let error = |text: &'static [u8]| {
            let mut names = Names::new("n".to_owned(), text, Abi::X86_64);
            let error = names.find_map(Result::err).expect("an error");
            assert!(names.next().is_none());
            error.to_string()
        };
        assert!(error(b"read 3").starts_with("n, word 2: \"3\" is a number among names"));
        assert!(error(b"lorem ipsum").contains("holds no name"));
    }
}
