//! Which file an executable is.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The largest executable that is hashed, bytes; a larger one is told by its size and time.
const LARGEST: u64 = 256 << 20;

/// An executable file.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Executable {
    /// Inode, size and time of change: the same file as long as they are the same.
    pub stamp: (u64, u64, i64, i64),
    /// Its SHA-256, where it was read.
    pub sha256: Option<String>,
}

/// What is behind the link to an executable. `before` spares reading it where it is the same file.
pub(super) fn executable(link: &Path, before: Option<&Executable>) -> Option<Executable> {
    // By the link: what runs, also where the file was replaced since.
    let mut file = File::open(link).ok()?;
    let about = file.metadata().ok()?;
    let stamp = (about.ino(), about.size(), about.mtime(), about.mtime_nsec());
    if let Some(same) = before.filter(|it| it.stamp == stamp) {
        return Some(same.clone());
    }
    let sha256 = (about.size() <= LARGEST).then(|| {
        let mut hash = Sha256::new();
        io::copy(&mut file, &mut hash).ok()?;
        Some(hex::encode(hash.finalize()))
    });
    Some(Executable {
        stamp,
        sha256: sha256.flatten(),
    })
}
