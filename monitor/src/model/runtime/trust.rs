//! Whether a library may be loaded: only when none but root and the user of this run could have
//! put it where it is.

use std::fmt;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Who named a library.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    /// The user of this run, by an option.
    Option,
    /// The environment.
    Environment,
    /// One of the places that are always looked at.
    Place,
    /// The set-up of the checkout that the executable was built in.
    Checkout,
}

/// Why a library is not trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Distrust {
    /// It cannot be looked at.
    Unreadable(String),
    /// It, or a folder above it, belongs to somebody else.
    Owner {
        /// Which file or folder.
        path: PathBuf,
        /// Whose it is.
        uid: u32,
    },
    /// It, or a folder above it, can be written by others.
    Writable {
        /// Which file or folder.
        path: PathBuf,
    },
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "{why}"),
            Self::Owner { path, uid } => write!(
                f,
                "`{0}` belongs to user {uid}, neither root nor the user of this run; copy the \
                 library to a folder of root's, or `chown root '{0}'`",
                path.display()
            ),
            Self::Writable { path } => write!(
                f,
                "`{0}` can be written by other users; `chmod go-w '{0}'`",
                path.display()
            ),
        }
    }
}

/// Whether the program's file gave it rights that its user does not have (set-user-id or file
/// capabilities), so that the user must not choose what it loads.
pub(super) fn is_privileged_by_file() -> bool {
    // SAFETY: getauxval only reads the vector that the kernel gave this process.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// The users whose files are trusted beside root's.
fn trusted_users(origin: Origin) -> Vec<u32> {
    if is_privileged_by_file() {
        return Vec::new();
    }
    // SAFETY: getuid reads a number of this process and cannot fail.
    let mut users = vec![unsafe { libc::getuid() }];
    // Whom sudo let run this as root chose the library by an option; sudo itself sets SUDO_UID.
    if users[0] == 0
        && origin == Origin::Option
        && let Some(user) = std::env::var("SUDO_UID")
            .ok()
            .and_then(|uid| uid.parse().ok())
    {
        users.push(user);
    }
    // Whoever may replace the program that runs here gains nothing by the library beside it.
    if origin == Origin::Checkout
        && let Ok(executable) = fs::metadata("/proc/self/exe")
    {
        users.push(executable.uid());
    }
    users
}

/// The path to load, without symbolic links, if the file and every folder above it are trusted.
pub(super) fn check(path: &Path, origin: Origin) -> Result<PathBuf, Distrust> {
    let unreadable = |error: std::io::Error| Distrust::Unreadable(error.to_string());
    let path = fs::canonicalize(path).map_err(unreadable)?;
    let users = trusted_users(origin);
    for ancestor in path.ancestors() {
        let metadata = fs::metadata(ancestor).map_err(unreadable)?;
        let owner = metadata.uid();
        if owner != 0 && !users.contains(&owner) {
            let path = ancestor.to_path_buf();
            return Err(Distrust::Owner { path, uid: owner });
        }
        if writable_by_others(&metadata) {
            let path = ancestor.to_path_buf();
            return Err(Distrust::Writable { path });
        }
    }
    Ok(path)
}

/// A sticky folder (`/tmp`) protects what lies in it, and a group whose number is its owner's is
/// that user's alone by the convention of the distributions (`USERGROUPS_ENAB`).
fn writable_by_others(metadata: &Metadata) -> bool {
    const STICKY: u32 = 0o1000;
    const GROUP: u32 = 0o020;
    const OTHERS: u32 = 0o002;
    let mode = metadata.mode();
    if metadata.is_dir() && mode & STICKY != 0 {
        return false;
    }
    let own_group = metadata.gid() == metadata.uid();
    mode & OTHERS != 0 || (mode & GROUP != 0 && !own_group && metadata.gid() != 0)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{Distrust, Origin, check};

    #[test]
    fn a_file_that_anyone_can_write_is_refused_by_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("libonnxruntime.so");
        fs::write(&path, "").expect("a file");
        assert!(check(&path, Origin::Place).is_ok());
        fs::set_permissions(&path, Permissions::from_mode(0o646)).expect("it is ours");
        let error = check(&path, Origin::Place).expect_err("it is writable");
        assert!(
            matches!(&error, Distrust::Writable { path: bad } if bad.ends_with("libonnxruntime.so"))
        );
        assert!(error.to_string().contains("chmod go-w"));
    }

    #[test]
    fn a_folder_that_anyone_can_write_is_refused_even_behind_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = folder.path().join("open");
        fs::create_dir(&open).expect("a folder");
        fs::write(open.join("libonnxruntime.so"), "").expect("a file");
        fs::set_permissions(&open, Permissions::from_mode(0o777)).expect("it is ours");
        let link = folder.path().join("libonnxruntime.so");
        symlink(open.join("libonnxruntime.so"), &link).expect("a link");
        let error = check(&link, Origin::Option).expect_err("it is writable");
        assert!(matches!(error, Distrust::Writable { path } if path.ends_with("open")));
    }

    mod needs_root {
        use std::fs;
        use std::os::unix::fs::chown;

        use super::{Distrust, Origin, check};

        #[test]
        #[ignore = "needs root"]
        fn a_file_of_another_user_is_refused_by_name() {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("libonnxruntime.so");
            fs::write(&path, "").expect("a file");
            // No account of any distribution has this number.
            chown(&path, Some(3_999_999), None).expect("root may");
            let error = check(&path, Origin::Environment).expect_err("it is not ours");
            assert!(matches!(&error, Distrust::Owner { uid: 3_999_999, .. }));
            assert!(error.to_string().contains("chown root"), "{error}");
        }
    }
}
