//! What a person accepted as normal: sequences of calls that are quiet from then on.

use std::collections::BTreeSet;

use crate::detect::profile::ORDER;

/// In the place of a token: the stream began after it.
pub const BEFORE: u16 = u16::MAX;

/// A call with the calls before it, as tokens, oldest first; [`BEFORE`] where there was none.
pub type Sequence = [u16; ORDER];

/// An alarm that was accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Acceptance {
    /// The alarm's id.
    pub alarm: String,
    /// When, seconds since 1970 UTC.
    pub unix_s: u64,
    /// How many sequences it added.
    pub sequences: usize,
}

/// Everything that was accepted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Accepted {
    /// The sequences that are quiet.
    pub sequences: BTreeSet<Sequence>,
    /// Where they came from, oldest first.
    pub acceptances: Vec<Acceptance>,
}
