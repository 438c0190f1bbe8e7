//! Opens the files that the monitor writes, so that nobody else chooses what is written to or reads
//! it.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::whole_lines;

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Existing {
    /// It is written to at its end, on a new line.
    Append,
    /// It is emptied.
    Replace,
}

/// Opens `path` for writing, and makes it, for this user alone, if it is not there.
///
/// A regular file is locked (`flock(2)`) as long as it is open. Pipes, terminals and other devices
/// are taken as they are.
///
/// # Errors
///
/// When the path is a symbolic link, the file belongs to a user whose files no run makes
/// ([`is_of_a_run`]), or another process holds the lock; a pipe without a reader; and whatever the
/// system says.
pub fn open(path: &Path, existing: Existing) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.append(existing == Existing::Append);
    let of_this_process = is_own_descriptor(path);
    if !of_this_process {
        // A pipe without a reader is an error and no wait.
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let file = match options.open(path) {
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            return Err(refused("it is a symbolic link: name the file itself"));
        }
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => {
            return Err(refused(
                "it is a pipe that nobody reads: start its reader first",
            ));
        }
        opened => opened?,
    };
    let about = file.metadata()?;
    if about.is_file() {
        if !is_of_a_run(about.uid()) {
            return Err(refused(
                "it belongs to another user: name another file, or remove it",
            ));
        }
        // SAFETY: the descriptor is open as long as `file` lives.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
            let error = io::Error::last_os_error();
            if error.kind() == io::ErrorKind::WouldBlock {
                return Err(refused("another process writes to it: name another file"));
            }
            // A file system without locks: nobody can be told apart there.
        }
        match existing {
            Existing::Replace => file.set_len(0)?,
            Existing::Append if is_torn(path, &file)? => (&file).write_all(b"\n")?,
            Existing::Append => {}
        }
    } else if !of_this_process {
        block_again(&file)?;
    }
    Ok(file)
}

/// Whether a file of this user may be one that a run made: root, the user of this process, and the
/// one that a live run becomes after its start, which makes files anew where they were moved away.
#[must_use]
pub fn is_of_a_run(uid: u32) -> bool {
    // SAFETY: geteuid reads a number of this process and cannot fail.
    let me = unsafe { libc::geteuid() };
    // Last: that user is looked up by name.
    #[cfg(feature = "live")]
    let is_own = || uid == crate::live::privileges::own_user();
    #[cfg(not(feature = "live"))]
    let is_own = || false;
    uid == 0 || uid == me || is_own()
}

/// Replaces the file at `path` whole, in one step, by one that this user alone reads: whoever
/// looks, also after a crash, finds the old one or the new one.
///
/// # Errors
///
/// When the folder cannot be written to, or the disk is full; the old file stands then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_for(path, bytes, 0o600)
}

/// [`replace`] by a file with these permissions.
///
/// # Errors
///
/// As of [`replace`].
pub fn replace_for(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if path.file_name().is_none() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // Under a name that no other process picks, whatever an earlier one left behind.
    let mut part = tempfile::Builder::new()
        .prefix(".part")
        .tempfile_in(folder)?;
    part.write_all(bytes)?;
    // Whatever the umask is: others are to read what they are to read.
    let permissions = Permissions::from_mode(mode);
    part.as_file().set_permissions(permissions)?;
    part.as_file().sync_all()?;
    part.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

/// Whether the file that is open as `file` ends in the middle of a line, as a full disk leaves it.
fn is_torn(path: &Path, file: &File) -> io::Result<bool> {
    let about = file.metadata()?;
    let mut options = OpenOptions::new();
    options.read(true);
    options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
    // One that this user only writes to is taken as whole.
    let Ok(again) = options.open(path) else {
        return Ok(false);
    };
    let same = again.metadata()?;
    Ok((same.dev(), same.ino()) == (about.dev(), about.ino())
        && whole_lines::is_torn(&again, about.len()))
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

/// Whether `path` names an open descriptor of this process, which no other user can put elsewhere.
fn is_own_descriptor(path: &Path) -> bool {
    let path = path.as_os_str().as_bytes();
    let numbered = |folder: &[u8]| {
        let rest = path.strip_prefix(folder);
        rest.is_some_and(|it| !it.is_empty() && it.iter().all(u8::is_ascii_digit))
    };
    [&b"/dev/stdout"[..], b"/dev/stderr"].contains(&path)
        || numbered(b"/dev/fd/")
        || numbered(b"/proc/self/fd/")
}

/// Whoever writes to a pipe or a terminal waits for its reader, in a thread of its own.
fn block_again(file: &File) -> io::Result<()> {
    // SAFETY: both commands take and give flags of an open descriptor.
    let status = unsafe {
        let flags = libc::fcntl(file.as_raw_fd(), libc::F_GETFL);
        if flags < 0 {
            flags
        } else {
            libc::fcntl(file.as_raw_fd(), libc::F_SETFL, flags & !libc::O_NONBLOCK)
        }
    };
    if status < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::{Existing, open, replace, replace_for};

    #[test]
    fn a_new_file_is_for_this_user_alone_and_has_one_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        let file = open(&path, Existing::Append).expect("made");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let error = open(&path, Existing::Append).expect_err("locked");
        assert!(
            error.to_string().contains("another process writes"),
            "{error}"
        );
        drop(file);
        open(&path, Existing::Append).expect("free again");
    }

    #[test]
    fn half_a_line_at_the_end_damages_none_of_what_is_appended() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        for (before, after) in [("", "new\n"), ("old\n", "old\nnew\n"), ("ol", "ol\nnew\n")] {
            fs::write(&path, before).expect("written");
            let mut file = open(&path, Existing::Append).expect("opened");
            file.write_all(b"new\n").expect("written");
            assert_eq!(fs::read_to_string(&path).expect("there"), after);
        }
    }

    #[test]
    fn a_file_is_replaced_whole_whatever_another_process_left_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kept");
        fs::write(folder.path().join(".kept.1.part"), "").expect("written");
        fs::write(folder.path().join("kept.part"), "").expect("written");
        replace(&path, b"one").expect("written");
        let mode = || fs::metadata(&path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        replace_for(&path, b"two", 0o644).expect("written");
        assert_eq!(
            (fs::read(&path).expect("there"), mode()),
            (b"two".to_vec(), 0o644)
        );
        let there = || fs::read_dir(folder.path()).expect("there").count();
        assert_eq!(there(), 3);
        replace(&folder.path().join("none/kept"), b"x").expect_err("no folder");
        replace("/".as_ref(), b"x").expect_err("no file");
        // What cannot be put there leaves nothing behind.
        fs::create_dir(folder.path().join("taken")).expect("made");
        replace(&folder.path().join("taken"), b"x").expect_err("a folder");
        assert_eq!(there(), 4);
    }

    #[test]
    fn what_there_is_no_room_for_replaces_nothing_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kept");
        replace(&path, b"old").expect("written");
        let new = [b'x'; 5000];
        // A limit of the process cuts a write as a full disk does (setrlimit(2)).
        let limit = libc::rlimit {
            rlim_cur: 1000,
            rlim_max: 1000,
        };
        // SAFETY: the child writes a file, and ends without running anything of the test's.
        let status = unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit);
                libc::_exit(i32::from(replace(&path, &new).is_ok()));
            }
            let mut status = 0;
            libc::waitpid(child, &raw mut status, 0);
            status
        };
        assert!(
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
            "{status:#x}"
        );
        assert_eq!(fs::read(&path).expect("there"), b"old");
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 1);
        replace(&path, &new).expect("there is room again");
        assert_eq!(fs::read(&path).expect("there"), new);
    }

    #[test]
    fn what_is_replaced_is_emptied_only_when_nobody_writes_to_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out");
        let mut first = open(&path, Existing::Replace).expect("made");
        first.write_all(b"kept").expect("written");
        open(&path, Existing::Replace).expect_err("locked");
        assert_eq!(fs::read(&path).expect("there"), b"kept");
        drop(first);
        open(&path, Existing::Replace).expect("opened");
        assert_eq!(fs::read(&path).expect("there"), b"");
    }

    #[test]
    fn a_link_and_a_pipe_without_a_reader_are_refused_and_a_device_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let link = folder.path().join("link");
        symlink(folder.path().join("target"), &link).expect("a link");
        let error = open(&link, Existing::Append).expect_err("a link");
        assert!(error.to_string().contains("symbolic link"), "{error}");
        assert!(!folder.path().join("target").exists());
        let pipe = folder.path().join("pipe");
        let name = std::ffi::CString::new(pipe.as_os_str().as_bytes()).expect("no NUL");
        // SAFETY: the name ends with NUL and lives until the call is over.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        let error = open(&pipe, Existing::Append).expect_err("nobody reads");
        assert!(error.to_string().contains("nobody reads"), "{error}");
        open("/dev/null".as_ref(), Existing::Append).expect("a device");
    }
}
