//! What is kept of the services, so that it outlives the monitor.
//!
//! Each service has a folder: `state.json`, `profile` (what it is judged by), `learned` and `lives`
//! (what is being learned), and `previous/profile`. Files are private and replaced whole; a file
//! that cannot be read is set aside and told.

mod record;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::key::Key;
use crate::learn::census::Life as ThreadLife;
use crate::profile::Profile;
use crate::profile::file::{self, kept};
use crate::run::private_file::replace;
use crate::trace::error::shown;
use record::VERSION;
pub use record::{Kept, Record, Save};

/// Where the state is.
pub const PLACE: &str = "/var/lib/monitor";

/// Services that are read back.
const MOST_SERVICES: usize = 4096;

/// The largest file of lives that is read, bytes.
const LARGEST_LIVES: u64 = 64 << 20;

/// The folder of all of it.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
    /// Held as long as a store of this folder is there.
    _lock: Arc<File>,
}

impl Store {
    /// Opens the state in `folder`, which is made if need be.
    ///
    /// # Errors
    /// When it cannot be made, or another user could write there.
    pub fn open(folder: &Path) -> io::Result<Self> {
        make_private(&folder.join("services"))?;
        for place in [folder.to_path_buf(), folder.join("services")] {
            let about = fs::symlink_metadata(&place)?;
            // SAFETY: geteuid reads a number of this process and cannot fail.
            let me = unsafe { libc::geteuid() };
            if !about.is_dir() || about.uid() != me || about.mode() & 0o022 != 0 {
                return Err(io::Error::other(format!(
                    "{} must be a folder of this user that nobody else can write to: chmod 0700 it",
                    shown(&place)
                )));
            }
        }
        let lock = File::create(folder.join("lock"))?;
        if lock.try_lock().is_err() {
            return Err(io::Error::other(format!(
                "another monitor keeps its state in {}: end it, or give this one another --state",
                shown(folder)
            )));
        }
        Ok(Self {
            folder: folder.to_path_buf(),
            _lock: Arc::new(lock),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn of(&self, key: &Key) -> PathBuf {
        self.folder.join("services").join(key.file_name())
    }

    /// Everything that is kept; what cannot be read is told through `remark` and left where it is.
    pub fn read(&self, remark: &mut dyn FnMut(String)) -> Vec<Kept> {
        let entries = fs::read_dir(self.folder.join("services"));
        let folders = entries.into_iter().flatten().flatten();
        let mut kept = Vec::new();
        for folder in folders.take(MOST_SERVICES).map(|it| it.path()) {
            match self.read_one(&folder, remark) {
                Ok(Some(one)) => kept.push(one),
                Ok(None) => {}
                Err(error) => remark(format!("{} is not taken up: {error}", shown(&folder))),
            }
        }
        kept.sort_by(|a, b| a.record.key.cmp(&b.record.key));
        kept
    }

    fn read_one(&self, folder: &Path, remark: &mut dyn FnMut(String)) -> io::Result<Option<Kept>> {
        let text = match super::host::read(&folder.join("state.json")) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let record: Record = serde_json::from_slice(&text)?;
        if record.version != VERSION || self.of(&record.key) != folder {
            return Err(io::Error::other("it is of another version or service"));
        }
        let mut profile = |name: &str| {
            let path = folder.join(name);
            if !path.exists() {
                return None;
            }
            let read = file::read(&path).map_err(|error| remark(error.to_string()));
            read.ok().map(|(profile, _)| profile)
        };
        let judged_by = profile("profile");
        let learned = profile("learned").map(|it| {
            // Without them what was learned is whole; it is validated by what comes.
            let lives = lives(&folder.join("lives")).unwrap_or_default();
            (it, lives)
        });
        Ok(Some(Kept {
            record,
            profile: judged_by,
            learned,
        }))
    }

    /// Keeps something of a service.
    ///
    /// # Errors
    /// When it cannot be written; what was there before stands then.
    pub fn save(&self, save: &Save) -> io::Result<()> {
        let folder = self.of(&save.record.key);
        make_private(&folder)?;
        if save.keeps_previous && folder.join("profile").exists() {
            make_private(&folder.join("previous"))?;
            let present = fs::read(folder.join("profile"))?;
            replace(&folder.join("previous/profile"), &present)?;
        }
        for (id, before) in &save.befores {
            let kept = kept::place(&folder.join("profile"), id);
            let kept = kept.ok_or(io::ErrorKind::InvalidInput)?;
            // The first of an id counts, as with [`kept::keep`].
            if !kept.try_exists()? {
                replace(&kept, &file::encode(before))?;
            }
        }
        for (sha256, version) in &save.versions {
            kept::keep_version(&folder.join("profile"), sha256, version)?;
        }
        if let Some(profile) = &save.profile {
            replace(&folder.join("profile"), &file::encode(profile))?;
        }
        if let Some((profile, lives)) = &save.learned {
            replace(&folder.join("learned"), &file::encode(profile))?;
            let lives = postcard::to_stdvec(lives).map_err(io::Error::other)?;
            replace(&folder.join("lives"), &lives)?;
        }
        // Last: it says what the other files are.
        replace(
            &folder.join("state.json"),
            &serde_json::to_vec_pretty(&save.record)?,
        )?;
        if save.ends_learning {
            for name in ["learned", "lives"] {
                match fs::remove_file(folder.join(name)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// Where the profile is that a service is judged by.
    #[must_use]
    pub fn profile_path(&self, key: &Key) -> PathBuf {
        self.of(key).join("profile")
    }

    /// The profile that a service was judged by before the present one.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn previous(&self, key: &Key) -> io::Result<Profile> {
        read_profile(&self.of(key).join("previous/profile"))
    }

    /// The profile that a service is judged by, as it was kept last.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn profile(&self, key: &Key) -> io::Result<Profile> {
        read_profile(&self.of(key).join("profile"))
    }

    /// The profile that a service was judged by before `id` was accepted.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn before(&self, key: &Key, id: &str) -> io::Result<Profile> {
        let kept = kept::place(&self.of(key).join("profile"), id);
        read_profile(&kept.ok_or(io::ErrorKind::NotFound)?)
    }
}

fn read_profile(path: &Path) -> io::Result<Profile> {
    let read = file::read(path);
    read.map(|(profile, _)| profile).map_err(io::Error::other)
}

/// Makes a folder and those above it, private to this user.
fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn lives(path: &Path) -> io::Result<Vec<ThreadLife>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST_LIVES)
        .read_to_end(&mut bytes)?;
    postcard::from_bytes(&bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
