//! What calls touch, out of the kernel: the probe's rules, and details from its records.

mod rule;

mod fill;

mod events;

pub(super) use events::{events, returned};
pub(super) use fill::fill;

/// How much of what calls touch is read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Details {
    /// Nothing.
    Off,
    /// Flags, requests and kinds: no string and no address leaves the kernel.
    Classes,
    /// Paths and addresses too.
    #[default]
    Full,
}

/// Records a second, on all CPUs together, that are sent at most; the others are counted, and sent
/// when they come again.
pub(super) const MOST_A_SECOND: u32 = 4096;

#[cfg(test)]
mod tests;
