//! Lines that several processes append to one file: each goes out whole or not at all.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::FileExt as _;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long another writer may take for its lines.
const PATIENCE: Duration = Duration::from_secs(2);

/// Between two looks at the lock.
const PAUSE: Duration = Duration::from_millis(5);

/// The right to append to a file, until it is dropped (`flock(2)`).
pub struct Turn<'a> {
    file: &'a File,
}

impl<'a> Turn<'a> {
    /// Waits for the right to append to `file`, which is open for appending.
    ///
    /// # Errors
    /// When another process holds it for seconds.
    pub fn at(file: &'a File) -> io::Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // SAFETY: the descriptor is open as long as `file` lives.
            if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
                return Ok(Self { file });
            }
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::EWOULDBLOCK | libc::EINTR) if Instant::now() < deadline => sleep(PAUSE),
                Some(libc::EWOULDBLOCK) => {
                    return Err(io::Error::new(
                        io::ErrorKind::WouldBlock,
                        "another process keeps it locked",
                    ));
                }
                // A file system without locks: writers cannot be told apart there.
                Some(libc::ENOTSUP | libc::ENOSYS | libc::ENOLCK) => return Ok(Self { file }),
                _ => return Err(error),
            }
        }
    }

    /// Appends `lines`, which end with a newline, whole or not at all. What another writer left of
    /// a line, as by a full disk, stays a damaged line of its own.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append(&self, lines: &[u8]) -> io::Result<()> {
        let length = self.file.metadata()?.len();
        let mut file = self.file;
        let written = match is_torn(file, length) {
            true => file.write_all(b"\n").and_then(|()| file.write_all(lines)),
            false => file.write_all(lines),
        };
        if written.is_err() {
            // If this fails too, the next writer begins a new line.
            let _ = file.set_len(length);
        }
        written
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // SAFETY: the descriptor is open as long as the file lives.
        unsafe { libc::flock(self.file.as_raw_fd(), libc::LOCK_UN) };
    }
}

/// Whether a file of `length` bytes ends in the middle of a line. One that cannot be read is taken
/// as whole.
#[must_use]
pub fn is_torn(file: &File, length: u64) -> bool {
    let mut last = [b'\n'];
    let Some(at) = length.checked_sub(1) else {
        return false;
    };
    file.read_exact_at(&mut last, at).is_ok() && last != *b"\n"
}

#[cfg(test)]
mod tests {
    use std::fs::{self, OpenOptions};
    use std::path::Path;

    use super::Turn;

    fn append(path: &Path, lines: &[u8]) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).read(true).open(path)?;
        Turn::at(&file)?.append(lines)
    }

    #[test]
    fn a_line_that_was_cut_costs_no_line_but_itself() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lines");
        fs::write(&path, "whole\nha").expect("written");
        append(&path, b"next\n").expect("written");
        append(&path, b"last\n").expect("written");
        let text = fs::read_to_string(&path).expect("there");
        assert_eq!(text, "whole\nha\nnext\nlast\n");
    }

    #[test]
    fn writers_take_turns_and_one_that_keeps_its_turn_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lines");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    (0..50).for_each(|_| append(&path, b"one line\n").expect("its turn comes"));
                });
            }
        });
        let text = fs::read_to_string(&path).expect("there");
        assert_eq!(text, "one line\n".repeat(200));
        let file = OpenOptions::new().append(true).open(&path).expect("there");
        let kept = Turn::at(&file).expect("free");
        let error = append(&path, b"late\n").expect_err("locked");
        assert!(error.to_string().contains("locked"), "{error}");
        drop(kept);
        assert_eq!(fs::read_to_string(&path).expect("there"), text);
    }

    #[test]
    fn what_there_is_no_room_for_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lines");
        append(&path, b"whole\n").expect("written");
        let mut options = OpenOptions::new();
        let file = options.append(true).read(true).open(&path).expect("there");
        let line = [&[b'x'; 99][..], b"\n"].concat();
        // A limit of the process cuts a write as a full disk does (setrlimit(2)).
        let limit = libc::rlimit {
            rlim_cur: 1000,
            rlim_max: 1000,
        };
        // SAFETY: the child makes system calls only, and ends without running anything of the
        // test's.
        let status = unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
                libc::setrlimit(libc::RLIMIT_FSIZE, &raw const limit);
                let put = |_: &i32| Turn::at(&file).is_ok_and(|turn| turn.append(&line).is_ok());
                let written = (0..20).filter(put).count();
                libc::_exit(i32::try_from(written).unwrap_or(0));
            }
            let mut status = 0;
            libc::waitpid(child, &raw mut status, 0);
            status
        };
        assert_eq!(libc::WEXITSTATUS(status), 9);
        let text = fs::read_to_string(&path).expect("there");
        assert_eq!(text.len(), 906);
        assert!(text.ends_with("xx\n"));
    }
}
