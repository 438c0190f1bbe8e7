//! The words of a text, one by one, in constant memory.

use std::io::{self, BufRead};

use crate::trace::error::{Place, TraceError, quoted};
use crate::trace::input::without_mark;

/// Bytes of a word that are kept: more than any number or call name has, enough to quote.
const KEPT: usize = 64;

/// Splits a reader into words.
#[derive(Debug)]
pub struct Words<R> {
    bytes: io::Bytes<R>,
    origin: String,
    separator: fn(u8) -> bool,
    count: u64,
}

impl<R: BufRead> Words<R> {
    /// Reads from `reader`; `origin` names it in errors and is shown as it is. Bytes of which
    /// `separator` is true stand between words.
    pub fn new(origin: String, reader: R, separator: fn(u8) -> bool) -> Self {
        Self {
            bytes: reader.bytes(),
            origin,
            separator,
            count: 0,
        }
    }

    /// The next word, cut to 64 bytes, or `None` at the end.
    ///
    /// # Errors
    ///
    /// A failure of the reader.
    pub fn word(&mut self) -> Result<Option<Vec<u8>>, TraceError> {
        loop {
            let Some(mut word) = self.piece()? else {
                return Ok(None);
            };
            word.drain(..word.len() - without_mark(&word).len());
            if !word.is_empty() {
                self.count += 1;
                return Ok(Some(word));
            }
        }
    }

    /// The next bytes between separators.
    fn piece(&mut self) -> Result<Option<Vec<u8>>, TraceError> {
        let mut word = Vec::new();
        for byte in &mut self.bytes {
            let byte = byte.map_err(|error| TraceError::Io {
                origin: self.origin.clone(),
                error,
            })?;
            if !(self.separator)(byte) {
                if word.len() < KEPT {
                    word.push(byte);
                }
            } else if !word.is_empty() {
                break;
            }
        }
        Ok((!word.is_empty()).then_some(word))
    }

    /// The error that the last word is `problem` (such as "no number").
    #[must_use]
    pub fn refuse(&self, word: &[u8], problem: &str, remedy: &'static str) -> TraceError {
        TraceError::Malformed {
            origin: self.origin.clone(),
            place: Place::Word(self.count),
            problem: format!("{} is {problem}", quoted(word)),
            remedy,
        }
    }

    /// What the input is called.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}
