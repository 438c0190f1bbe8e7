//! The file that a run writes its log to: private, trusted, and set aside when it is full.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{LogError, former};
use crate::run::private_file::is_of_a_run;
use crate::run::whole_lines::Turn;

/// Bytes after which a log is set aside as `.1`, in the place of the one before.
const MOST: u64 = 64 << 20;

/// How often the log may be found moved away before a write gives up.
const ATTEMPTS: usize = 16;

/// A log that is set aside when it has grown large. Several monitors may write to one: each in its
/// turn.
pub struct AlarmLog {
    path: PathBuf,
    file: File,
    most: u64,
}

impl AlarmLog {
    /// Opens the log to write at its end; folder and file are made if they are not there, for this
    /// user alone.
    ///
    /// # Errors
    /// When it cannot be written, or others could write to it or have put it there.
    pub fn open(path: &Path) -> Result<Self, LogError> {
        Self::open_with_room(path, MOST)
    }

    fn open_with_room(path: &Path, most: u64) -> Result<Self, LogError> {
        let path = made(path)?;
        let file = open(&path)?;
        Ok(Self { path, file, most })
    }

    /// Writes lines, which end with a newline, whole or not at all.
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        for _ in 0..ATTEMPTS {
            let turn = Turn::at(&self.file)?;
            let about = self.file.metadata()?;
            let is_current = fs::symlink_metadata(&self.path)
                .is_ok_and(|there| (there.dev(), there.ino()) == (about.dev(), about.ino()));
            // One that cannot be set aside goes on as it is.
            let is_aside = is_current
                && about.len() > self.most
                && fs::rename(&self.path, former(&self.path)).is_ok();
            if is_current && !is_aside {
                return turn.append(lines);
            }
            drop(turn);
            // Another monitor, or logrotate, may have moved it away as well.
            self.file = open(&self.path).map_err(io::Error::other)?;
        }
        Err(io::Error::other("the file is replaced again and again"))
    }
}

impl Write for AlarmLog {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.append(lines)?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// The place of a file whose folder is made if it is not there, for this user alone, and cannot be
/// written to by others.
pub(super) fn made(path: &Path) -> Result<PathBuf, LogError> {
    let name = path
        .file_name()
        .ok_or_else(|| LogError::NoFile(path.to_owned()))?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let refused = |error| LogError::Folder {
        folder: folder.to_owned(),
        error,
    };
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(folder);
    made.map_err(refused)?;
    // Whatever links led here, this is the folder that is looked at and written to.
    let folder = folder.canonicalize().map_err(refused)?;
    let about = fs::metadata(&folder).map_err(refused)?;
    trusted(&folder, &about)?;
    Ok(folder.join(name))
}

/// Opens a file to write at its end; it is made if it is not there, for this user alone.
pub(super) fn open(path: &Path) -> Result<File, LogError> {
    let mut options = OpenOptions::new();
    // Whether it ends in the middle of a line is read.
    options.create(true).append(true).read(true).mode(0o600);
    checked(path, &mut options)
}

/// Opens a file that nobody else can have written to.
pub(super) fn open_to_read(path: &Path) -> Result<File, LogError> {
    checked(path, OpenOptions::new().read(true))
}

fn checked(path: &Path, options: &mut OpenOptions) -> Result<File, LogError> {
    // A pipe without a reader is an error and no wait.
    let opened = options
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path);
    let refused = |error: io::Error| match error.raw_os_error() {
        Some(libc::ELOOP) => LogError::Link(path.to_owned()),
        _ => LogError::Open {
            path: path.to_owned(),
            error,
        },
    };
    let file = opened.map_err(refused)?;
    let about = file.metadata().map_err(refused)?;
    if !about.is_file() {
        return Err(LogError::NotRegular(path.to_owned()));
    }
    trusted(path, &about)?;
    Ok(file)
}

/// Refuses what another user than root and that of this run owns, or can write to.
fn trusted(path: &Path, about: &Metadata) -> Result<(), LogError> {
    let path = || path.to_owned();
    if !is_of_a_run(about.uid()) {
        return Err(LogError::Foreign {
            path: path(),
            uid: about.uid(),
        });
    }
    if about.mode() & 0o022 != 0 {
        return Err(LogError::Writable(path()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::io::Write;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::Path;

    use super::{AlarmLog, former};
    use crate::alarm_log::stored::lines;

    fn refusal(path: &Path) -> String {
        let error = AlarmLog::open(path).err().expect("it is refused");
        error.to_string()
    }

    #[test]
    fn folder_and_file_are_made_for_this_user_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b/alarms.jsonl");
        AlarmLog::open(&path)
            .expect("made")
            .flush()
            .expect("flushed");
        let mode = |path: &Path| fs::metadata(path).expect("there").mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&folder.path().join("a/b")), 0o700);
    }

    #[test]
    fn what_others_can_write_to_or_a_link_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("open.jsonl");
        fs::write(&path, "").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o646)).expect("it is ours");
        assert!(refusal(&path).contains("can be written by other users"));
        let link = folder.path().join("link.jsonl");
        symlink("/etc/passwd", &link).expect("a link");
        assert!(refusal(&link).contains("symbolic link"));
        let open = folder.path().join("open");
        fs::create_dir(&open).expect("a folder");
        fs::set_permissions(&open, Permissions::from_mode(0o777)).expect("it is ours");
        assert!(refusal(&open.join("alarms.jsonl")).contains("can be written by other users"));
        assert!(refusal(folder.path()).len() > 1, "a folder is no log");
    }

    #[test]
    fn a_full_log_is_set_aside_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("alarms.jsonl");
        let mut log = AlarmLog::open_with_room(&path, 10).expect("made");
        for line in ["first of them\n", "second\n", "third\n"] {
            log.write_all(line.as_bytes()).expect("written");
        }
        let read = |path: &Path| fs::read_to_string(path).expect("there");
        assert_eq!(read(&former(&path)), "first of them\n");
        assert_eq!(read(&path), "second\nthird\n");
        log.write_all(b"fourth\n").expect("written");
        assert_eq!(read(&former(&path)), "second\nthird\n");
        assert_eq!(read(&path), "fourth\n");
    }

    #[test]
    fn half_a_line_of_the_run_before_swallows_no_alarm() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("alarms.jsonl");
        fs::write(&path, "{\"schema\":1,\"type\":\"al").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("ours");
        let mut log = AlarmLog::open(&path).expect("opened");
        log.write_all(b"{\"schema\":2}\n").expect("written");
        let mut whole = Vec::new();
        let damaged = lines::of(&path, |line: serde_json::Value, _| whole.push(line));
        assert_eq!(damaged.expect("readable"), 1);
        assert_eq!(whole, [serde_json::json!({"schema": 2})]);
    }

    #[test]
    fn several_monitors_write_to_one_log_and_none_destroys_what_another_wrote() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("alarms.jsonl");
        let former = former(&path);
        // Whatever is set aside is kept by this test, as logrotate would keep it.
        let mut kept = String::new();
        let mut logs: Vec<_> = (0..3)
            .map(|_| AlarmLog::open_with_room(&path, 40).expect("opened"))
            .collect();
        for number in 0..60 {
            let line = format!("line {number:02}\n");
            logs[number % 3]
                .write_all(line.as_bytes())
                .expect("written");
            if let Ok(aside) = fs::read_to_string(&former) {
                kept += &aside;
                fs::remove_file(&former).expect("there");
            }
        }
        kept += &fs::read_to_string(&path).expect("there");
        let all: String = (0..60)
            .map(|number| format!("line {number:02}\n"))
            .collect();
        assert_eq!(kept, all);
    }
}
