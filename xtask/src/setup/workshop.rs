//! The tool folder, held by one set-up at a time, with its place for unfinished work.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A locked tool folder. Unfinished work goes away when this is dropped, or at the next set-up
/// after a kill.
pub struct Workshop {
    folder: PathBuf,
    _lock: File,
}

impl Workshop {
    /// Opens the folder, makes it if need be, and waits for another set-up to end.
    pub fn open(folder: &Path) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let folder = fs::canonicalize(folder)?;
        let lock = File::create(folder.join(".lock"))?;
        if lock.try_lock().is_err() {
            eprintln!("  waiting for another set-up in this folder to end");
            lock.lock()?;
        }
        let workshop = Self {
            folder,
            _lock: lock,
        };
        workshop.clear()?;
        Ok(workshop)
    }

    /// A place in the folder, by its parts' names.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A fresh, empty folder for unfinished work, on the same file system.
    pub fn unfinished(&self, name: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(".unfinished").join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Moves a finished file into its place. The move is atomic.
    pub fn finish(&self, from: &Path, to: &Path) -> io::Result<()> {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        File::open(from)?.sync_all()?;
        fs::rename(from, to)
    }

    fn clear(&self) -> io::Result<()> {
        match fs::remove_dir_all(self.folder.join(".unfinished")) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
            _ => Ok(()),
        }
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if let Err(why) = self.clear() {
            eprintln!(
                "warning: unfinished work is left in {}: {why}",
                self.folder.display()
            );
        }
    }
}
