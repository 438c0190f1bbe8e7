//! Opens the files that the monitor writes, so that nobody else chooses what is written to or reads it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Existing {
    /// It is written to at its end.
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
/// When the path is a symbolic link, the file belongs to another user than root and that of this
/// run, or another process holds the lock; a pipe without a reader; and whatever the system says.
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
        // SAFETY: geteuid reads a number of this process and cannot fail.
        let me = unsafe { libc::geteuid() };
        if about.uid() != 0 && about.uid() != me {
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
        if existing == Existing::Replace {
            file.set_len(0)?;
        }
    } else if !of_this_process {
        block_again(&file)?;
    }
    Ok(file)
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

    use super::{Existing, open};

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
