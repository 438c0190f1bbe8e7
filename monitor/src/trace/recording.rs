//! The monitor's own recordings: every event with thread, ABI, number and time.
//!
//! The format is described byte by byte in `docs/recording.md`. It is append-only, a record carries
//! a checksum and stands alone, and the reader takes whatever whole records there are: a recording
//! may be cut at any byte, and what was cut off is counted.

pub(crate) mod reader;
pub(crate) mod writer;

mod decode;
mod encode;

use std::fmt;

use crate::syscall::event::Abi;

pub use reader::RecordingReader;
pub use writer::RecordingWriter;

/// The first bytes of every recording; the first of them is no text, so that none is taken for it.
pub const MAGIC: [u8; 8] = *b"\x89monrec\n";

/// The version of the format that this monitor writes.
pub const VERSION: u16 = 2;

/// The oldest version that it reads: 1 has no records of touches and no services.
pub const OLDEST: u16 = 1;

/// Bytes before the first record: the magic number, the version and two bytes of zero.
const PREAMBLE: usize = 12;

/// Bytes of a record before its payload: length and checksum.
const FRAME: usize = 8;

/// The longest payload of a record; a length over it is taken for damage.
const LONGEST: usize = 64 * 1024;

/// The longest text of a header, in bytes.
const LONGEST_TEXT: usize = 4096;

/// The longest name of a reason for loss, in bytes.
const LONGEST_REASON: usize = 64;

/// Calls that the writer puts into one record at most: at 7 bytes each, the worst case, they fit
/// into [`LONGEST`].
const CALLS: usize = 8192;

/// What a record holds: the first byte of its payload.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
enum Kind {
    Header = 1,
    Calls = 2,
    Fork = 3,
    Exec = 4,
    Exit = 5,
    Lost = 6,
    End = 7,
    Touch = 8,
}

impl Kind {
    const fn from_tag(tag: u8) -> Option<Self> {
        match tag {
            1 => Some(Self::Header),
            2 => Some(Self::Calls),
            3 => Some(Self::Fork),
            4 => Some(Self::Exec),
            5 => Some(Self::Exit),
            6 => Some(Self::Lost),
            7 => Some(Self::End),
            8 => Some(Self::Touch),
            _ => None,
        }
    }
}

/// What a recording says of itself.
///
/// `Display` is one line in which everything unprintable is escaped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Header {
    /// When it began: nanoseconds since 1970-01-01 UTC (`CLOCK_REALTIME`).
    pub started_unix_ns: u64,
    /// The same moment by the clock of the events (`CLOCK_MONOTONIC`), nanoseconds.
    pub started_monotonic_ns: u64,
    /// The ABI of programs built for the host.
    pub native: Abi,
    /// The host's kernel release, as `uname -r` says it; at most 4096 bytes are stored.
    pub kernel: String,
    /// What was watched, in words; at most 4096 bytes are stored, empty when unknown.
    pub targets: String,
}

impl Header {
    /// An event's time as nanoseconds since 1970-01-01 UTC, as far as the two clocks agree.
    #[must_use]
    pub const fn unix_ns(&self, time_ns: u64) -> u64 {
        self.started_unix_ns
            .saturating_add(time_ns)
            .saturating_sub(self.started_monotonic_ns)
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "recorded on Linux {} ({})",
            self.kernel.as_bytes().escape_ascii(),
            crate::syscall::table::abi_name(self.native)
        )?;
        if !self.targets.is_empty() {
            write!(f, ", watching {}", self.targets.as_bytes().escape_ascii())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
