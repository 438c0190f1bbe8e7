//! The file of a profile, as `docs/profile.md` describes it: a preamble, the contents, and the
//! SHA-256 of both at the end. Whatever lies in a file, reading it takes memory in proportion to
//! its length and never panics.

mod contents;

pub mod kept;

pub mod lock;

mod first;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::profile::Profile;
use crate::run::private_file;
use crate::trace::error::shown;

use contents::Contents;
use first::First;

/// The first bytes of every profile; the first of them is no text.
pub const MAGIC: [u8; 8] = *b"\x89monprf\n";

/// The version of the format that this monitor writes.
pub const VERSION: u16 = 2;

/// The oldest version that it reads: see [`first`].
const OLDEST: u16 = 1;

/// The largest profile that is read, bytes; one of the most n-grams that a model holds is smaller.
pub const LARGEST: u64 = 128 << 20;

/// Magic number, version, two bytes of zero, and the length of the contents.
const PREAMBLE: usize = 20;

/// Bytes of the SHA-256.
const SEAL: usize = 32;

/// What is wrong with the bytes of a profile.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Damage {
    /// They are something else.
    #[error("is no profile; give a file that `monitor learn` wrote")]
    NoProfile,
    /// Another monitor wrote them.
    #[error(
        "is a profile of format version {0}, and this monitor reads versions {OLDEST} to \
         {VERSION}: learn again with this monitor, or use the one that wrote it"
    )]
    Version(u16),
    /// Their end is missing.
    #[error("was cut off: {0} bytes are missing; learn it again or restore a copy")]
    Cut(u64),
    /// They are not those that were written.
    #[error(
        "was altered after it was written (its SHA-256 does not fit); learn it again or restore a \
         copy"
    )]
    Altered,
    /// They hold what cannot be.
    #[error("holds what no monitor writes ({0}); learn it again or restore a copy")]
    Inconsistent(String),
    /// They are too many.
    #[error("is larger than {LARGEST} bytes: it is no profile that `monitor learn` wrote")]
    TooLarge,
}

/// Why a profile cannot be read or written.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// The system says no.
    #[error("cannot {action} the profile {}: {error}", shown(.path))]
    Io {
        /// `read` or `write`.
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process is changing it.
    #[error("the profile {} is being changed by another process: try again when that is \
             done", shown(.path))]
    Busy {
        /// Which file.
        path: PathBuf,
    },
    /// Its bytes are no use.
    #[error("the profile {} {damage}", shown(.path))]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        damage: Damage,
    },
}

/// The bytes of a profile: the same for equal profiles.
#[must_use]
pub fn encode(profile: &Profile) -> Vec<u8> {
    seal(&contents::written(&Contents::from(profile)))
}

/// The bytes of a file with these contents, whatever they are: preamble, contents, SHA-256.
#[must_use]
pub fn seal(contents: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREAMBLE + contents.len() + SEAL);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend([0, 0]);
    bytes.extend((contents.len() as u64).to_le_bytes());
    bytes.extend(contents);
    let seal = Sha256::digest(&bytes);
    bytes.extend(seal);
    bytes
}

/// The profile of these bytes.
///
/// # Errors
/// When they are not, whole and unaltered, what a monitor of this version wrote.
pub fn decode(bytes: &[u8]) -> Result<Profile, Damage> {
    if bytes.len() as u64 > LARGEST {
        return Err(Damage::TooLarge);
    }
    let magic = &bytes[..bytes.len().min(MAGIC.len())];
    if magic.is_empty() || !MAGIC.starts_with(magic) {
        return Err(Damage::NoProfile);
    }
    let Some((preamble, rest)) = bytes.split_first_chunk::<PREAMBLE>() else {
        return Err(Damage::Cut((PREAMBLE + SEAL - bytes.len()) as u64));
    };
    let version = u16::from_le_bytes([preamble[8], preamble[9]]);
    if !(OLDEST..=VERSION).contains(&version) {
        return Err(Damage::Version(version));
    }
    let mut length = [0; 8];
    length.copy_from_slice(&preamble[12..]);
    let whole = u64::from_le_bytes(length).saturating_add(SEAL as u64);
    let there = rest.len() as u64;
    if there < whole {
        return Err(Damage::Cut(whole - there));
    }
    let sealed = bytes.len() - SEAL;
    if there > whole || Sha256::digest(&bytes[..sealed])[..] != bytes[sealed..] {
        return Err(Damage::Altered);
    }
    let contents = &bytes[PREAMBLE..sealed];
    let contents: Contents = match version {
        OLDEST => postcard::from_bytes(contents).map(|first: First| first.into()),
        _ => contents::read(contents),
    }
    .map_err(|error| Damage::Inconsistent(error.to_string()))?;
    Profile::try_from(contents).map_err(Damage::Inconsistent)
}

/// Reads the profile at `path`; gives the SHA-256 of the file beside it, hexadecimal.
///
/// # Errors
/// When the file cannot be read or is no whole profile.
pub fn read(path: &Path) -> Result<(Profile, String), ProfileError> {
    let io = |error| ProfileError::Io {
        action: "read",
        path: path.to_path_buf(),
        error,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(io)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(io)?;
    let profile = decode(&bytes).map_err(|damage| ProfileError::Damaged {
        path: path.to_path_buf(),
        damage,
    })?;
    Ok((profile, hex::encode(Sha256::digest(&bytes))))
}

/// Writes the profile to `path`, readable by its owner alone, in the place of what stands there; at
/// no time is there half a profile. Gives the SHA-256 of the file, hexadecimal.
///
/// # Errors
/// When the folder cannot be written to.
pub fn write(path: &Path, profile: &Profile) -> Result<String, ProfileError> {
    let bytes = encode(profile);
    private_file::replace(path, &bytes).map_err(|error| ProfileError::Io {
        action: "write",
        path: path.to_path_buf(),
        error,
    })?;
    Ok(hex::encode(Sha256::digest(&bytes)))
}

/// SHA-256 of the file that a profile makes, lower-case hexadecimal.
#[must_use]
pub fn sha256(profile: &Profile) -> String {
    hex::encode(Sha256::digest(encode(profile)))
}

#[cfg(test)]
mod tests;
