//! The alarm log: where alarms are kept unless somebody says otherwise, so that `monitor explain` finds them again.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use monitor::trace::error::shown;

use super::complain;

/// Bytes after which a log is set aside as `.1`, in the place of the one before.
const MOST: u64 = 64 << 20;

/// The log's name in its folder.
const NAME: &str = "alarms.jsonl";

/// Where the log of this user is.
///
/// # Errors
/// When nothing says where.
pub fn place() -> Result<PathBuf> {
    // SAFETY: geteuid reads a number of this process and cannot fail.
    let root = unsafe { libc::geteuid() } == 0;
    from_environment(root, |name| {
        env::var_os(name).filter(|value| !value.is_empty())
    })
    .context("neither MONITOR_ALARM_LOG nor HOME says where the alarm log is: give --alarm-log")
}

fn from_environment(root: bool, var: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(file) = var("MONITOR_ALARM_LOG") {
        return Some(file.into());
    }
    // systemd separates several folders by colons.
    if let Some(folders) = var("STATE_DIRECTORY")
        && let Some(first) = folders.to_str().and_then(|it| it.split(':').next())
    {
        return Some(Path::new(first).join(NAME));
    }
    if root {
        return Some(Path::new("/var/lib/monitor").join(NAME));
    }
    let state = var("XDG_STATE_HOME").map(PathBuf::from);
    state
        .filter(|state| state.is_absolute())
        .or_else(|| Some(PathBuf::from(var("HOME")?).join(".local/state")))
        .map(|state| state.join("monitor").join(NAME))
}

/// The log that was set aside when this one began.
pub fn former(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

/// A log that is set aside when it has grown large.
pub struct AlarmLog {
    path: PathBuf,
    file: File,
    length: u64,
    at_line_start: bool,
    most: u64,
}

impl AlarmLog {
    /// Opens the log to write at its end; folder and file are made if they are not there, for this user alone.
    ///
    /// # Errors
    /// When it cannot be written, or others could write to it or have put it there.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_with_room(path, MOST)
    }

    fn open_with_room(path: &Path, most: u64) -> Result<Self> {
        let name = path.file_name().context("it names no file")?;
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .with_context(|| format!("cannot make {}", shown(folder)))?;
        // Whatever links led here, this is the folder that is looked at and written to.
        let folder = folder.canonicalize()?;
        trusted(&folder, &fs::metadata(&folder)?)?;
        let mut log = Self {
            path: folder.join(name),
            file: open(&folder.join(name))?,
            length: 0,
            at_line_start: true,
            most,
        };
        log.length = log.file.metadata()?.len();
        log.make_room();
        Ok(log)
    }

    /// Sets the log aside when it is full. One that cannot be goes on as it is.
    fn make_room(&mut self) {
        if self.length <= self.most || fs::rename(&self.path, former(&self.path)).is_err() {
            return;
        }
        if let Ok(file) = open(&self.path) {
            self.file = file;
            self.length = 0;
        }
    }
}

impl Write for AlarmLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A new log begins with a whole line.
        if self.at_line_start {
            self.make_room();
        }
        let written = self.file.write(bytes)?;
        self.length = self.length.saturating_add(written as u64);
        self.at_line_start = bytes.get(..written).is_some_and(|it| it.ends_with(b"\n"));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(path: &Path) -> Result<File> {
    let opened = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        // A pipe without a reader is an error and no wait.
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path);
    let file = match opened {
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            bail!("{} is a symbolic link", shown(path))
        }
        opened => opened?,
    };
    let about = file.metadata()?;
    if !about.is_file() {
        bail!("{} is no regular file", shown(path));
    }
    trusted(path, &about)?;
    Ok(file)
}

/// The user that a live run becomes, to whom the logs belong that it began.
fn own_user() -> u32 {
    #[cfg(feature = "live")]
    return monitor::live::privileges::own_user();
    #[cfg(not(feature = "live"))]
    0
}

/// Refuses what another user than root and that of this run owns, or can write to.
fn trusted(path: &Path, about: &Metadata) -> Result<()> {
    // SAFETY: geteuid reads a number of this process and cannot fail.
    let me = unsafe { libc::geteuid() };
    if about.uid() != 0 && about.uid() != me && about.uid() != own_user() {
        bail!("{} belongs to user {}", shown(path), about.uid());
    }
    if about.mode() & 0o022 != 0 {
        let path = shown(path);
        bail!("{path} can be written by other users (chmod go-w '{path}')");
    }
    Ok(())
}

/// Warns that alarms are told but not kept.
pub fn not_kept(why: &str) {
    complain(&format!(
        "alarms are not kept in a log ({why}): name another by --alarm-log, or give --no-alarm-log"
    ));
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::io::Write;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    use super::{AlarmLog, former, from_environment};

    #[test]
    fn the_first_that_says_where_it_is_decides() {
        let place = |root, given: &[(&str, &str)]| {
            from_environment(root, |name| {
                let found = given.iter().find(|it| it.0 == name);
                found.map(|it| it.1.into())
            })
        };
        let at = |path: &str| Some(PathBuf::from(path));
        let home = ("HOME", "/home/me");
        assert_eq!(place(true, &[home]), at("/var/lib/monitor/alarms.jsonl"));
        assert_eq!(
            place(false, &[home]),
            at("/home/me/.local/state/monitor/alarms.jsonl")
        );
        let xdg = ("XDG_STATE_HOME", "/state");
        assert_eq!(
            place(false, &[home, xdg]),
            at("/state/monitor/alarms.jsonl")
        );
        assert_eq!(
            place(false, &[home, ("XDG_STATE_HOME", "relative")]),
            at("/home/me/.local/state/monitor/alarms.jsonl")
        );
        let systemd = ("STATE_DIRECTORY", "/var/lib/a:/var/lib/b");
        assert_eq!(place(true, &[systemd]), at("/var/lib/a/alarms.jsonl"));
        let own = ("MONITOR_ALARM_LOG", "/mine");
        assert_eq!(place(true, &[systemd, own]), at("/mine"));
        assert_eq!(place(false, &[]), None);
    }

    fn refusal(path: &Path) -> String {
        let error = AlarmLog::open(path).err().expect("it is refused");
        format!("{error:#}")
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
        drop(log);
        AlarmLog::open_with_room(&path, 10).expect("opened");
        assert_eq!(read(&former(&path)), "second\nthird\n");
        assert_eq!(read(&path), "");
    }
}
