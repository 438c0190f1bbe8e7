//! Cgroups of version 2 as files: where they are mounted, which one a path names, and whether it is
//! still there.

use std::{
    ffi::OsString,
    fs,
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        fs::MetadataExt as _,
    },
    path::{Path, PathBuf},
};

use super::target::TargetError;

/// A mount of the hierarchy of version 2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Mount {
    /// Which cgroup of the hierarchy is mounted there, as this cgroup namespace has it.
    pub root: PathBuf,
    /// Where.
    pub place: PathBuf,
}

/// A cgroup as the user named it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cgroup {
    /// Its directory.
    pub directory: PathBuf,
    /// Its id: the inode number of its directory on a 64-bit kernel (`cgroup_id`,
    /// include/linux/cgroup.h; `kernfs_ino`, include/linux/kernfs.h).
    pub id: u64,
    /// Its path below the root of the hierarchy, as the kernel has it; `None` where a namespace
    /// hides that.
    pub path: Option<PathBuf>,
}

// `PROC_CGROUP_INIT_INO`, include/linux/proc_ns.h.
const INITIAL_NAMESPACE: u64 = 0xEFFF_FFFB;
// Of the root of a hierarchy (`kernfs_create_root`, fs/kernfs/dir.c: the first id of its own).
const ROOT_INODE: u64 = 1;

impl Cgroup {
    /// The cgroup whose directory, or whose path below a mount, is `path`.
    ///
    /// # Errors
    ///
    /// [`TargetError::MissingCgroup`] when nothing is there, [`TargetError::NoCgroup`] when it is
    /// something else.
    pub fn find(path: &Path) -> Result<Self, TargetError> {
        let mounts = mounts()?;
        let below = path.strip_prefix("/").unwrap_or(path);
        let mut candidates = vec![path.to_path_buf()];
        candidates.extend(mounts.iter().map(|mount| mount.place.join(below)));
        let found = candidates.iter().find_map(|candidate| {
            let directory = candidate.canonicalize().ok()?;
            let of = mounts
                .iter()
                .filter(|mount| directory.starts_with(&mount.place))
                .max_by_key(|mount| mount.place.components().count())?;
            let metadata = fs::metadata(&directory).ok()?;
            // Something else may be mounted below.
            let same = metadata.dev() == fs::metadata(&of.place).ok()?.dev();
            (same && metadata.is_dir()).then(|| Self {
                path: of.path(&directory),
                id: metadata.ino(),
                directory,
            })
        });
        found.ok_or_else(|| {
            if candidates.iter().any(|it| it.exists()) {
                TargetError::NoCgroup(path.into())
            } else {
                TargetError::MissingCgroup(path.into())
            }
        })
    }

    /// The id of the cgroup that is at the same place now, if there is any.
    #[must_use]
    pub fn current_id(&self) -> Option<u64> {
        fs::metadata(&self.directory).ok().map(|it| it.ino())
    }
}

impl Mount {
    /// The kernel's path of a directory below this mount, where it can be known.
    fn path(&self, directory: &Path) -> Option<PathBuf> {
        let below = directory.strip_prefix(&self.place).ok()?;
        let is_root = fs::metadata(&self.place).ok()?.ino() == ROOT_INODE;
        let namespace = fs::metadata("/proc/self/ns/cgroup").ok()?.ino();
        if is_root {
            return Some(Path::new("/").join(below));
        }
        let known = namespace == INITIAL_NAMESPACE && !self.root.starts_with("/..");
        known.then(|| self.root.join(below))
    }
}

/// The mounts of version 2 that this process sees.
pub(super) fn mounts() -> Result<Vec<Mount>, TargetError> {
    let path = "/proc/self/mountinfo";
    let lines = fs::read(path).map_err(|error| TargetError::Unreadable {
        path: path.into(),
        error,
    })?;
    Ok(lines
        .split(|&byte| byte == b'\n')
        .filter_map(mount)
        .collect())
}

// Fields by Documentation/filesystems/proc.rst: 3.5, /proc/<pid>/mountinfo.
fn mount(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let (root, place) = (fields.nth(3)?, fields.next()?);
    let mut fields = fields.skip_while(|&field| field != b"-");
    if fields.nth(1)? != b"cgroup2" {
        return None;
    }
    let path = |field| PathBuf::from(OsString::from_vec(unescaped(field)));
    Some(Mount {
        root: path(root),
        place: path(place),
    })
}

/// Blanks, tabs, line feeds and backslashes are written as three octal digits (`mangle`,
/// fs/seq_file.c).
fn unescaped(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let [first, behind @ ..] = rest {
        rest = behind;
        if *first == b'\\'
            && let Some((octal, behind)) = behind.split_at_checked(3)
            && let Ok(digits) = std::str::from_utf8(octal)
            && let Ok(byte) = u8::from_str_radix(digits, 8)
        {
            bytes.push(byte);
            rest = behind;
        } else {
            bytes.push(*first);
        }
    }
    bytes
}

/// A path as the probe's table has it; `None` when it is too long.
pub(super) fn path_key<const N: usize>(path: &Path) -> Option<[u8; N]> {
    let bytes = path.as_os_str().as_bytes();
    let mut key = [0; N];
    // As in the probe: a NUL behind it, and none that may have been cut off.
    (bytes.len() < N - 1).then(|| key[..bytes.len()].copy_from_slice(bytes))?;
    Some(key)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Mount, mount, path_key, unescaped};

    #[test]
    fn a_mount_is_read_off_its_line_with_blanks_in_its_path() {
        let line = |text: &str| mount(text.as_bytes());
        let hybrid =
            "42 31 0:27 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw";
        assert_eq!(
            line(hybrid),
            Some(Mount {
                root: "/".into(),
                place: "/sys/fs/cgroup/unified".into()
            })
        );
        let blank = r"42 31 0:27 /a\040b /mnt/my\040cgroups\134x rw - cgroup2 none rw";
        assert_eq!(
            line(blank),
            Some(Mount {
                root: "/a b".into(),
                place: r"/mnt/my cgroups\x".into()
            })
        );
        assert_eq!(line("1 2 0:3 / /proc rw - proc proc rw"), None);
        assert_eq!(line(""), None);
    }

    #[test]
    fn what_is_no_escape_stays_as_it_is() {
        for text in [r"a\", r"a\04", r"a\999", r"\x20"] {
            assert_eq!(unescaped(text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn a_path_that_is_too_long_has_no_key() {
        let key = |length: usize| path_key::<8>(&PathBuf::from("a".repeat(length)));
        assert_eq!(key(6), Some(*b"aaaaaa\0\0"));
        assert_eq!(key(7), None);
        assert!(path_key::<8>(Path::new("")).is_some());
    }
}
