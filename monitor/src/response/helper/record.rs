//! What is frozen or stopped, noted where the next helper finds it if this one is killed.

use std::fs;
use std::io;
use std::path::PathBuf;

use super::Undo;
use crate::run::private_file;

/// Lines that are read back.
const MOST: usize = 1024;

/// The largest file that is read back, bytes.
const LARGEST: u64 = 1 << 20;

/// The file.
pub(super) struct Record(PathBuf);

impl Record {
    pub(super) const fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Notes all that is to be undone, and nothing else.
    pub(super) fn keep<'a>(&self, all: impl Iterator<Item = &'a Undo>) -> io::Result<()> {
        let mut text = Vec::new();
        for undo in all {
            serde_json::to_writer(&mut text, undo)?;
            text.push(b'\n');
        }
        private_file::replace(&self.0, &text)
    }

    /// What was noted; nothing where there is no file, or none that can be read.
    pub(super) fn read(&self) -> Vec<Undo> {
        let about = fs::symlink_metadata(&self.0);
        if !about.is_ok_and(|it| it.is_file() && it.len() <= LARGEST) {
            return Vec::new();
        }
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        let lines = text.lines().take(MOST);
        lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect()
    }
}
