//! The kernel that a run is on.

use std::fs;

/// Its release, as `uname -r` shows it; empty where nothing tells.
#[must_use]
pub fn release() -> String {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease");
    release.map(|it| it.trim().to_owned()).unwrap_or_default()
}
