//! Whoever reads a profile to write it changed holds its lock, so that no other change is lost.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::ProfileError;

/// Between two looks at the lock.
const PAUSE: Duration = Duration::from_millis(10);

/// The right to change a profile, until it is dropped (`flock(2)` on its file).
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits for the right to change the profile at `path`, for so long at most.
    ///
    /// # Errors
    /// When the file cannot be opened, or another process holds its lock all the while.
    pub fn of(path: &Path, patience: Duration) -> Result<Self, ProfileError> {
        let deadline = Instant::now() + patience;
        let io = |error| ProfileError::Io {
            action: "read",
            path: path.to_path_buf(),
            error,
        };
        loop {
            let file = File::open(path).map_err(io)?;
            match file.try_lock() {
                Ok(()) if is_at(&file, path).map_err(io)? => return Ok(Self { _file: file }),
                // Whoever held the lock has put another file there.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => {
                    return Err(ProfileError::Busy {
                        path: path.to_path_buf(),
                    });
                }
                Err(TryLockError::WouldBlock) => sleep(PAUSE),
                // A file system without locks: writers cannot be told apart there.
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    return Ok(Self { _file: file });
                }
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
        }
    }
}

/// Whether the path still leads to the open file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let (open, there) = (file.metadata()?, fs::metadata(path)?);
    Ok((open.dev(), open.ino()) == (there.dev(), there.ino()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Lock;
    use crate::profile::Profile;
    use crate::profile::file::{ProfileError, read, write};

    #[test]
    fn no_change_is_lost_among_many_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("web.profile");
        write(&path, &Profile::default()).expect("written");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..8 {
                        let _lock = Lock::of(&path, Duration::from_secs(60)).expect("its turn");
                        let (mut profile, _) = read(&path).expect("whole");
                        profile.provenance.origins.push(Default::default());
                        write(&path, &profile).expect("written");
                    }
                });
            }
        });
        assert_eq!(read(&path).expect("whole").0.provenance.origins.len(), 64);
    }

    #[test]
    fn a_lock_that_is_kept_is_told_with_the_profiles_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("web.profile");
        assert!(Lock::of(&path, Duration::ZERO).is_err(), "there is none");
        write(&path, &Profile::default()).expect("written");
        let _kept = Lock::of(&path, Duration::ZERO).expect("free");
        let error = Lock::of(&path, Duration::from_millis(30)).expect_err("locked");
        assert!(matches!(error, ProfileError::Busy { .. }));
        assert!(error.to_string().contains("web.profile"), "{error}");
    }
}
