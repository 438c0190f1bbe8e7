//! A disk that is full soon.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system in memory of so many KiB.
pub struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    pub fn new(kib: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mounted = Command::new("mount")
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={kib}k,mode=0700"),
                "none",
            ])
            .arg(folder.path())
            .status();
        assert!(mounted.expect("mount is installed").success());
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves no room on it; [`Self::empty`] makes some again.
    pub fn fill(&self) {
        let mut filler = File::create(self.filler()).expect("a name needs no room");
        while filler.write_all(&[b'x'; 512]).is_ok() {}
    }

    pub fn empty(&self) {
        fs::remove_file(self.filler()).expect("it was filled");
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).status();
    }
}
