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
    /// The package that it is of, empty for none; `None` where nobody looked yet.
    #[serde(default)]
    pub package: Option<String>,
    /// Whether whoever runs it can write to it: it says nothing of a release then, since a service
    /// that was taken over could make itself another one by it.
    #[serde(default)]
    pub is_own: bool,
}

/// What is behind the link to an executable that a process of the user `runner` runs. `before`
/// spares reading it where it is the same file.
pub(super) fn executable(
    link: &Path,
    runner: Option<u32>,
    before: Option<&Executable>,
) -> Option<Executable> {
    // By the link: what runs, also where the file was replaced since.
    let mut file = File::open(link).ok()?;
    let about = file.metadata().ok()?;
    let stamp = (about.ino(), about.size(), about.mtime(), about.mtime_nsec());
    // Root writes to everything, which is no reason to take no release of its services.
    let is_own =
        about.mode() & 0o022 != 0 || about.uid() != 0 && runner.is_none_or(|it| it == about.uid());
    if let Some(same) = before.filter(|it| it.stamp == stamp) {
        return Some(Executable {
            is_own,
            ..same.clone()
        });
    }
    let sha256 = (about.size() <= LARGEST).then(|| {
        let mut hash = Sha256::new();
        io::copy(&mut file, &mut hash).ok()?;
        Some(hex::encode(hash.finalize()))
    });
    Some(Executable {
        stamp,
        sha256: sha256.flatten(),
        package: None,
        is_own,
    })
}
