//! Tells one state of a file from another.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

/// A state of a file: device, inode, size, and when it was changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp(u64, u64, u64, (i64, i64));

impl From<&Metadata> for Stamp {
    fn from(about: &Metadata) -> Self {
        let changed = (about.mtime(), about.mtime_nsec());
        Self(about.dev(), about.ino(), about.size(), changed)
    }
}
