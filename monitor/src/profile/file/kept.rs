//! Profiles as they were before something was accepted, and as they were when they raised an alarm
//! while they learned on: they stand beside the profile, so that older alarms can be replayed to
//! the bit and an acceptance can be undone.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{ProfileError, encode, read};
use crate::profile::Profile;
use crate::run::private_file::replace;

/// Stands between a profile's name and the id of what was accepted then.
const BEFORE: &str = ".before-";

/// The longest id that names a file.
const LONGEST_ID: usize = 64;

/// Stands between a profile's name and the SHA-256 of a version of it that alarms rest on.
const VERSION: &str = ".version-";

/// Versions of a profile that are kept; older ones make room.
const MOST_VERSIONS: usize = 64;

/// Files beside a profile that are looked at.
const MOST: usize = 1024;

/// Where the profile at `path` is kept as it was before `id` was accepted; `None` of an id that no
/// monitor makes.
#[must_use]
pub fn place(path: &Path, id: &str) -> Option<PathBuf> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if id.is_empty() || id.len() > LONGEST_ID || !id.bytes().all(is_plain) {
        return None;
    }
    let mut name = path.file_name()?.to_owned();
    name.push(BEFORE);
    name.push(id);
    Some(path.with_file_name(name))
}

/// Keeps the profile at `path` as it is before `id` is accepted. What is kept already of that id
/// stays as it is.
///
/// # Errors
/// When it cannot be kept.
pub fn keep(path: &Path, id: &str) -> io::Result<PathBuf> {
    let kept = place(path, id).ok_or(io::ErrorKind::InvalidInput)?;
    if !kept.try_exists()? {
        // The profile is replaced and never written over, so that its bytes stay behind this name.
        fs::hard_link(path, &kept).or_else(|_| copy(path, &kept))?;
    }
    Ok(kept)
}

/// Where the file system has no second names. Half a copy would stand there for good.
fn copy(path: &Path, kept: &Path) -> io::Result<()> {
    replace(kept, &fs::read(path)?)
}

/// Keeps a version of the profile at `path` that alarms rest on, and the latest of the others.
///
/// # Errors
/// When it cannot be kept.
pub fn keep_version(path: &Path, sha256: &str, version: &Profile) -> io::Result<()> {
    let kept = version_place(path, sha256).ok_or(io::ErrorKind::InvalidInput)?;
    if !kept.try_exists()? {
        replace(&kept, &encode(version))?;
        forget_versions(path);
    }
    Ok(())
}

fn version_place(path: &Path, sha256: &str) -> Option<PathBuf> {
    let is_hash = sha256.len() == 64 && sha256.bytes().all(|it| it.is_ascii_hexdigit());
    let mut name = path.file_name().filter(|_| is_hash)?.to_owned();
    name.push(VERSION);
    name.push(sha256);
    Some(path.with_file_name(name))
}

/// Removes the oldest of too many versions. One that stays, stays for the next time.
fn forget_versions(path: &Path) {
    let mut versions: Vec<_> = beside(path, VERSION)
        .filter_map(|it| Some((fs::metadata(&it).ok()?.modified().ok()?, it)))
        .collect();
    versions.sort_unstable();
    let too_many = versions.len().saturating_sub(MOST_VERSIONS);
    for (_, version) in &versions[..too_many] {
        let _ = fs::remove_file(version);
    }
}

/// What stands beside a profile under its name and `mark`.
fn beside(path: &Path, mark: &str) -> impl Iterator<Item = PathBuf> {
    let mut prefix = path.file_name().map_or_else(OsString::new, OsStr::to_owned);
    prefix.push(mark);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let kept = entries.filter(move |it| {
        let prefix = prefix.as_encoded_bytes();
        it.file_name().as_encoded_bytes().starts_with(prefix)
    });
    kept.take(MOST).map(|it| it.path())
}

/// The profile whose file has this SHA-256, hexadecimal: the one at `path`, or one that was kept
/// beside it.
///
/// # Errors
/// When the profile at `path` cannot be read.
pub fn of_sha256(path: &Path, sha256: &str) -> Result<Option<(Profile, PathBuf)>, ProfileError> {
    let (profile, mine) = read(path)?;
    if mine == sha256 {
        return Ok(Some((profile, path.to_owned())));
    }
    let version = version_place(path, sha256).into_iter();
    for kept in version.chain(beside(path, BEFORE)) {
        if let Ok((profile, its)) = read(&kept)
            && its == sha256
        {
            return Ok(Some((profile, kept)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::{MOST_VERSIONS, copy, keep, keep_version, of_sha256, place};
    use crate::profile::Profile;
    use crate::profile::file::{encode, write};

    #[test]
    fn a_profile_is_found_again_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("web.profile");
        let mut profile = Profile::default();
        let before = write(&path, &profile).expect("written");
        let kept = keep(&path, "01HF7YAT00").expect("kept");
        assert!(kept.ends_with("web.profile.before-01HF7YAT00"));
        profile.provenance.origins.push(Default::default());
        let after = write(&path, &profile).expect("written");
        // The first of an id counts.
        assert_eq!(keep(&path, "01HF7YAT00").expect("kept"), kept);
        let at = |sha256: &str| of_sha256(&path, sha256).expect("readable").map(|it| it.1);
        assert_eq!(at(&before), Some(kept));
        assert_eq!(at(&after), Some(path.clone()));
        assert_eq!(at(&"0".repeat(64)), None);
    }

    #[test]
    fn the_latest_versions_are_found_by_their_hash_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("profile");
        write(&path, &Profile::default()).expect("written");
        let mut profile = Profile::default();
        let mut hashes = Vec::new();
        for _ in 0..=MOST_VERSIONS {
            profile.provenance.origins.push(Default::default());
            let sha256 = hex::encode(Sha256::digest(encode(&profile)));
            keep_version(&path, &sha256, &profile).expect("kept");
            hashes.push(sha256);
        }
        let of = |sha256: &str| of_sha256(&path, sha256).expect("readable");
        let last = hashes.last().expect("one");
        assert_eq!(of(last).map(|it| encode(&it.0)), Some(encode(&profile)));
        let left = hashes.iter().filter(|it| of(it).is_some()).count();
        assert_eq!(left, MOST_VERSIONS);
        assert!(keep_version(&path, "../x", &profile).is_err());
    }

    #[test]
    fn what_is_kept_is_whole_also_where_a_file_has_one_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("web.profile");
        write(&path, &Profile::default()).expect("written");
        let kept = folder.path().join("web.profile.before-1");
        copy(&path, &kept).expect("copied");
        let bytes = |path: &std::path::Path| std::fs::read(path).expect("there");
        assert_eq!(bytes(&kept), bytes(&path));
        assert!(copy(&folder.path().join("none"), &kept).is_err());
        assert_eq!(bytes(&kept), bytes(&path), "left as it was");
    }

    #[test]
    fn an_id_cannot_name_another_place() {
        for id in ["", "../x", "a/b", "a b", &"a".repeat(65)] {
            assert_eq!(place("/p/web".as_ref(), id), None, "{id}");
        }
    }
}
