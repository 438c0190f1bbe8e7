//! What can be wrong with a trace: which one, where in it, and what to do.

use std::fmt;
use std::io;
use std::path::Path;

/// Why a trace cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file system or the pipe failed.
    #[error("{origin}: cannot be read: {error}")]
    Io {
        /// The file, escaped.
        origin: String,
        /// What the system said.
        error: io::Error,
    },
    /// The content is not what the format says.
    #[error("{origin}, {place}: {problem}; {remedy}")]
    Malformed {
        /// The file, escaped.
        origin: String,
        /// Where in it.
        place: Place,
        /// What is wrong there, escaped.
        problem: String,
        /// What the user can do.
        remedy: &'static str,
    },
    /// The input as a whole is of no use.
    #[error("{origin}: {problem}; {remedy}")]
    Unusable {
        /// The file or folder, escaped.
        origin: String,
        /// What is wrong with it.
        problem: String,
        /// What the user can do.
        remedy: &'static str,
    },
}

/// A place in an input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Place {
    /// Offset in bytes, from 0.
    Byte(u64),
    /// Line, from 1.
    Line(u64),
    /// Word between blanks, from 1.
    Word(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(at) => write!(f, "byte {at}"),
            Self::Line(at) => write!(f, "line {at}"),
            Self::Word(at) => write!(f, "word {at}"),
        }
    }
}

/// A path as it can be shown: whatever could steer a terminal is escaped.
#[must_use]
pub fn shown(path: &Path) -> String {
    path.to_string_lossy()
        .chars()
        .flat_map(|c| {
            let plain = !c.is_control() && !is_invisible(c);
            plain
                .then_some(c)
                .into_iter()
                .chain((!plain).then(|| c.escape_unicode()).into_iter().flatten())
        })
        .collect()
}

/// Formatting characters that reorder or hide text on a terminal.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// At most 40 bytes of an input, escaped and in quotes.
#[must_use]
pub fn quoted(bytes: &[u8]) -> String {
    const SHOWN: usize = 40;
    let cut = if bytes.len() > SHOWN { "…" } else { "" };
    format!(
        "\"{}{cut}\"",
        bytes[..bytes.len().min(SHOWN)].escape_ascii()
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{quoted, shown};

    #[test]
    fn a_hostile_file_name_cannot_steer_a_terminal() {
        assert_eq!(
            shown(Path::new("a\x1b[2J\u{202e}é/b")),
            "a\\u{1b}[2J\\u{202e}é/b"
        );
    }

    #[test]
    fn a_quoted_word_is_escaped_and_short() {
        assert_eq!(quoted(b"\x07\""), "\"\\x07\\\"\"");
        assert_eq!(quoted(&[b'a'; 100]).chars().count(), 43);
    }
}
