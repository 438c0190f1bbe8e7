//! The lines of a text, each of bounded length.

use std::io::{BufRead, Read};

use crate::trace::error::TraceError;
use crate::trace::input::without_mark;

/// Bytes of a line that are kept; strace prints longer ones only when told to (`-s`).
const LONGEST: u64 = 1024 * 1024;

/// A reader of lines that counts them.
#[derive(Debug)]
pub(super) struct Lines<R> {
    origin: String,
    reader: R,
    count: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(origin: String, reader: R) -> Self {
        Self {
            origin,
            reader,
            count: 0,
        }
    }

    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// Lines read so far.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    fn piece(&mut self, bytes: &mut Vec<u8>) -> Result<(), TraceError> {
        bytes.clear();
        let read = (&mut self.reader).take(LONGEST).read_until(b'\n', bytes);
        read.map_err(|error| TraceError::Io {
            origin: self.origin.clone(),
            error,
        })?;
        Ok(())
    }

    /// Reads the next line into `line`, the first [`LONGEST`] bytes of it; false at the end.
    pub(super) fn read(&mut self, line: &mut Vec<u8>) -> Result<bool, TraceError> {
        self.piece(line)?;
        if line.is_empty() {
            return Ok(false);
        }
        self.count += 1;
        let mut rest = Vec::new();
        let mut last = line.last().copied();
        while last.is_some_and(|byte| byte != b'\n') {
            self.piece(&mut rest)?;
            last = rest.last().copied();
        }
        let marked = line.len() - without_mark(line).len();
        line.drain(..marked);
        Ok(true)
    }
}
