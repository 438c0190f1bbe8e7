//! An input to learn from, with the digest by which it is known again.

use std::fs::{File, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context, Result};
use monitor::trace;
use monitor::trace::adfa::folder;
use monitor::trace::error::shown;
use monitor::trace::input::Input;
use monitor::trace::recorded::{Format, Recorded};
use sha2::{Digest, Sha256};

/// An opened input.
pub struct Material {
    /// What it is called, escaped.
    pub name: String,
    /// SHA-256 of its bytes; of a folder, of its traces' names and digests in order; of a trace, of
    /// its name and digest: two short traces may well be equal, and a recording says itself when it
    /// was made.
    pub sha256: String,
    pub source: Recorded,
}

impl Material {
    /// Opens a recording, a trace, a folder of traces, a pipe, or standard input (`-`).
    ///
    /// What can be read only once is copied first, into a file without a name in the folder of
    /// `profile`: its digest is needed before its calls are learned.
    ///
    /// # Errors
    /// When it cannot be read, or is of no format that is known.
    pub fn open(path: &Path, profile: &Path) -> Result<Self> {
        let name = shown(path);
        let failed = || format!("cannot read {}", shown(path));
        if path.is_dir() {
            return Ok(Self {
                sha256: of_folder(path)?,
                source: trace::open(path, None)?,
                name,
            });
        }
        let (file, name) = if path.is_file() {
            (File::open(path).with_context(failed)?, name)
        } else {
            let input = Input::open(path)?;
            let name = input.name().to_owned();
            (copied(&mut input.into_reader(), profile)?, name)
        };
        Self::of_file(file, name)
    }

    /// What is in an open file, from its beginning.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub fn of_file(mut file: File, name: String) -> Result<Self> {
        let failed = || format!("cannot read {name}");
        file.rewind().with_context(failed)?;
        let content = digest(&mut file).with_context(failed)?;
        file.rewind().with_context(failed)?;
        let source = trace::from_input(Input::from_reader(&name, Box::new(file))?, None)?;
        let sha256 = match source.format() {
            Format::Recording => content,
            _ => named(&mut Sha256::new(), last_of(&name).as_bytes(), &content),
        };
        Ok(Self {
            name,
            sha256,
            source,
        })
    }
}

/// A file without a name in the folder of `profile`.
///
/// # Errors
/// When the folder cannot be written to.
pub fn without_name(profile: &Path) -> Result<File> {
    let folder = match profile.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let file = tempfile::tempfile_in(folder).with_context(|| not_kept(folder))?;
    // Whatever the umask is.
    let private = file.set_permissions(Permissions::from_mode(0o600));
    private.with_context(|| not_kept(folder))?;
    Ok(file)
}

/// One that holds all of `reader`.
fn copied(reader: &mut dyn Read, profile: &Path) -> Result<File> {
    let mut file = without_name(profile)?;
    let copied = io::copy(reader, &mut file).and_then(|_| file.flush());
    copied.with_context(|| not_kept(profile))?;
    Ok(file)
}

fn not_kept(at: &Path) -> String {
    format!(
        "cannot keep the input beside {} while it is learned",
        shown(at)
    )
}

/// SHA-256 of all the bytes that follow.
pub fn digest(reader: &mut dyn Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(reader, &mut hash)?;
    Ok(hex::encode(hash.finalize()))
}

fn last_of(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Adds a name and what is behind it.
fn named(hash: &mut Sha256, name: &[u8], content: &str) -> String {
    hash.update(name);
    hash.update([0]);
    hash.update(content);
    hex::encode(hash.clone().finalize())
}

fn of_folder(root: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    for path in folder::list(root)?.files {
        let at = root.join(&path);
        let failed = || format!("cannot read {}", shown(&at));
        let content = digest(&mut File::open(&at).with_context(failed)?).with_context(failed)?;
        named(&mut hash, path.as_os_str().as_encoded_bytes(), &content);
    }
    Ok(hex::encode(hash.finalize()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{self, Read, Seek as _};
    use std::os::unix::fs::MetadataExt as _;
    use std::path::Path;

    use super::copied;

    /// Bytes that come in pieces; with each it is seen what the folder holds by then.
    struct Watched<'a> {
        folder: &'a Path,
        left: usize,
        names: usize,
    }

    impl Read for Watched<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.names += fs::read_dir(self.folder)?.count();
            let length = self.left.min(buffer.len());
            buffer[..length].fill(b'x');
            self.left -= length;
            Ok(length)
        }
    }

    #[test]
    fn what_is_kept_while_it_is_learned_has_no_name_at_any_time_and_is_for_this_user_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut input = Watched {
            folder: folder.path(),
            left: 1 << 20,
            names: 0,
        };
        let profile = folder.path().join("web.profile");
        let mut file = copied(&mut input, &profile).expect("there is room");
        assert_eq!(input.names, 0, "nobody can open it");
        let about = file.metadata().expect("open");
        assert_eq!((about.len(), about.nlink()), (1 << 20, 0));
        assert_eq!(about.mode() & 0o077, 0);
        file.rewind().expect("a file");
        let mut all = Vec::new();
        file.read_to_end(&mut all).expect("readable");
        assert!(all.len() == 1 << 20 && all.iter().all(|it| *it == b'x'));
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 0);
    }
}
