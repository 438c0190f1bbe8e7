//! The host's files, wherever they are mounted, read as what they are: somebody else's.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The largest file that is read, bytes.
const LARGEST: u64 = 1 << 20;

/// Entries of a folder that are looked at.
const MOST_ENTRIES: usize = 4096;

/// The variable that says where a host's root is mounted, for a monitor in a container.
pub const ROOT_VARIABLE: &str = "MONITOR_HOST_ROOT";

/// The inode of the true root of every cgroup hierarchy; that of a cgroup namespace's root is
/// another (measured).
const TRUE_ROOT: u64 = 1;

/// A host's root folder.
#[derive(Clone, Debug)]
pub struct Host {
    root: PathBuf,
}

impl Host {
    /// The host of this process, or the one that `MONITOR_HOST_ROOT` names.
    #[must_use]
    pub fn of_environment() -> Self {
        let root = std::env::var_os(ROOT_VARIABLE).filter(|root| !root.is_empty());
        Self::at(root.map_or_else(|| PathBuf::from("/"), PathBuf::from))
    }

    /// The host whose root is mounted at `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Where one of the host's files is. `path` is absolute.
    #[must_use]
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// A file of `/proc/PID`: the host's own `/proc` where it is mounted, else this process' (which
    /// is the host's with `hostPID`).
    #[must_use]
    pub fn process(&self, pid: u32, file: &str) -> PathBuf {
        let own = self.path("/proc");
        let proc = if own.join("self").symlink_metadata().is_ok() {
            own
        } else {
            PathBuf::from("/proc")
        };
        proc.join(pid.to_string()).join(file)
    }

    /// Reads a whole regular file of at most 1 MiB; a symbolic link in its place is refused.
    ///
    /// # Errors
    /// When it cannot be read or is something else.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        read(&self.path(path))
    }

    /// The names in a folder, the first some thousand of them; empty where there is none.
    pub fn names(&self, folder: impl AsRef<Path>) -> Vec<OsString> {
        let entries = fs::read_dir(self.path(folder));
        let names = entries.into_iter().flatten().flatten();
        names
            .take(MOST_ENTRIES)
            .map(|entry| entry.file_name())
            .collect()
    }

    /// Whether systemd runs the host (sd_booted(3)).
    #[must_use]
    pub fn has_systemd(&self) -> bool {
        self.path("/run/systemd/system").is_dir()
    }

    /// Where the hierarchy of version 2 is mounted, by itself or beside those of version 1
    /// (systemd's own places for both).
    #[must_use]
    pub fn cgroups(&self) -> Option<PathBuf> {
        let places = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];
        let mut places = places.into_iter().map(|place| self.path(place));
        // Of version 2 alone (Documentation/admin-guide/cgroup-v2.rst).
        places.find(|place| place.join("cgroup.controllers").exists())
    }

    /// The id of the cgroup of version 2 at `path`: the inode of its folder.
    #[must_use]
    pub fn cgroup_id(&self, path: &str) -> Option<u64> {
        if path.split('/').any(|part| part == "..") {
            return None;
        }
        let folder = self.cgroups()?.join(path.trim_start_matches('/'));
        Some(fs::metadata(folder).ok()?.ino())
    }

    /// Whether the cgroup hierarchy mounted at `mount` is shown from inside of a cgroup namespace,
    /// so that its root is not the host's; `None` where that cannot be told.
    #[must_use]
    pub fn in_cgroup_namespace(&self, mount: impl AsRef<Path>) -> Option<bool> {
        let about = fs::metadata(self.path(mount)).ok()?;
        Some(about.ino() != TRUE_ROOT)
    }
}

/// Reads a regular file of at most 1 MiB.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    bounded(file)
}

/// Reads a file of `/proc`, whose length is not known beforehand.
pub(super) fn read_proc(path: &Path) -> io::Result<Vec<u8>> {
    bounded(File::open(path)?)
}

fn open(path: &Path) -> io::Result<File> {
    // Without waiting: a named pipe would block here for ever.
    OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
}

fn bounded(file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// Whether a name can stand in a path as one component.
pub(super) fn is_component(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    !name.is_empty() && name != b"." && name != b".." && !name.contains(&b'/') && name.len() < 256
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::{Host, LARGEST};

    #[test]
    fn only_plain_files_of_a_reasonable_size_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let host = Host::at(folder.path());
        let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes);
        write("plain", b"text").expect("written");
        write("large", &vec![0; LARGEST as usize + 1]).expect("written");
        symlink("plain", folder.path().join("link")).expect("linked");
        std::fs::create_dir(folder.path().join("folder")).expect("made");
        assert_eq!(host.read("/plain").expect("it is there"), b"text");
        for wrong in ["/large", "/link", "/folder", "/none"] {
            assert!(host.read(wrong).is_err(), "{wrong}");
        }
    }
}
