//! The programs that do the reading, one part each.

/// A program that does a part of the reading, by its index in [`crate::names::RAW_STAGES`] and
/// [`crate::names::PERF_STAGES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Stage {
    /// Takes the arguments that count.
    Arguments = 0,
    /// Reads a path.
    Text = 1,
    /// Reads a socket's address.
    Address = 2,
    /// Reads eight bytes.
    Word = 3,
    /// Sends what is new.
    Send = 4,
}

/// How many stages there are.
pub const STAGES: u32 = 5;
