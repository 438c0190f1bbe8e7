//! An input that is opened once, whatever it is: a file, a folder, a pipe, standard input.
//!
//! A pipe gives its bytes to its first reader only. So the format is recognised by the first bytes
//! of the one open file, and those bytes are read again from memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::trace::error::{TraceError, shown};

/// Bytes from the start of an input by which its format is recognised.
const HEAD: usize = 64 * 1024;

/// The mark that some editors and systems write at the start of UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Text without the byte order mark at its start.
#[must_use]
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// An open input of unknown format.
pub struct Input {
    name: String,
    content: Content,
}

enum Content {
    /// A folder, whose files are opened when they are read.
    Folder(PathBuf),
    Bytes {
        head: Vec<u8>,
        rest: Box<dyn Read + Send>,
    },
}

impl Input {
    /// Opens a file, a folder, a named pipe, or standard input (`-`).
    ///
    /// # Errors
    ///
    /// The input is not there or cannot be read.
    pub fn open(path: &Path) -> Result<Self, TraceError> {
        if path.as_os_str() == "-" {
            return Self::from_reader("standard input", Box::new(io::stdin()));
        }
        if path.is_dir() {
            return Ok(Self {
                name: shown(path),
                content: Content::Folder(path.to_owned()),
            });
        }
        let name = shown(path);
        let opened = File::open(path).map_err(|error| TraceError::Io {
            origin: name.clone(),
            error,
        })?;
        Self::from_reader(&name, Box::new(opened))
    }

    /// An input from a reader; `name` is shown as it is.
    ///
    /// # Errors
    ///
    /// The reader fails.
    pub fn from_reader(name: &str, mut rest: Box<dyn Read + Send>) -> Result<Self, TraceError> {
        let mut head = Vec::new();
        let read = (&mut rest).take(HEAD as u64).read_to_end(&mut head);
        read.map_err(|error| TraceError::Io {
            origin: name.to_owned(),
            error,
        })?;
        Ok(Self {
            name: name.to_owned(),
            content: Content::Bytes { head, rest },
        })
    }

    /// What the input is called, escaped.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder, if it is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.content {
            Content::Folder(path) => Some(path),
            Content::Bytes { .. } => None,
        }
    }

    /// The first bytes, at most 64 KiB; of a folder none.
    #[must_use]
    pub fn head(&self) -> &[u8] {
        match &self.content {
            Content::Folder(_) => &[],
            Content::Bytes { head, .. } => head,
        }
    }

    /// Whether the input holds JSON, by its first byte that is no blank.
    #[must_use]
    pub fn is_json(&self) -> bool {
        without_mark(self.head()).trim_ascii_start().first() == Some(&b'{')
    }

    /// All the bytes from the first one on; of a folder none.
    #[must_use]
    pub fn into_reader(self) -> Box<dyn BufRead + Send> {
        match self.content {
            Content::Folder(_) => Box::new(io::empty()),
            Content::Bytes { head, rest } => {
                Box::new(BufReader::new(Cursor::new(head).chain(rest)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::{HEAD, Input};

    #[test]
    fn the_head_is_part_of_what_is_read() {
        let bytes: Vec<u8> = (0..HEAD * 2).map(|place| place as u8).collect();
        let input = Input::from_reader("x", Box::new(Cursor::new(bytes.clone()))).expect("memory");
        assert_eq!(input.head(), &bytes[..HEAD]);
        let mut read = Vec::new();
        input.into_reader().read_to_end(&mut read).expect("memory");
        assert_eq!(read, bytes);
    }

    #[test]
    fn json_is_recognised_behind_blanks_and_a_byte_order_mark() {
        let is_json = |bytes: &'static [u8]| {
            Input::from_reader("x", Box::new(bytes))
                .expect("memory")
                .is_json()
        };
        assert!(is_json(b"\xef\xbb\xbf\n {\"a\":1}"));
        assert!(!is_json(b"3 {"));
    }
}
