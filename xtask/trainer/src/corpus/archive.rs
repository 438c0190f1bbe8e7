//! ADFA-LD out of a zip.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::entries::unpack;
use super::files::LARGEST_FILE;
use super::{Named, Skipped};

/// SHA-256 of the published `ADFA-LD.zip`, 2,381,193 bytes.
pub const PUBLISHED: &str = "58d625470749344843a7f730b0875ce9b8769f6fa48f18dc4a92bd07c342ead5";

/// The files of an archive, what was skipped, and notes for the user.
pub type Contents = (Vec<Named>, Skipped, Vec<String>);

/// Whether a file that starts so is a zip.
#[must_use]
pub fn is_zip(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06")
}

/// Unpacks into memory.
///
/// # Errors
/// See [`super::Corpus::read`].
pub fn read(path: &Path) -> Result<Contents> {
    let shown = || path.display().to_string();
    let mut file = File::open(path).with_context(shown)?;
    let mut hash = Sha256::new();
    std::io::copy(&mut file, &mut hash).with_context(shown)?;
    let sha256 = format!("{:x}", hash.finalize());
    file.seek(SeekFrom::Start(0)).with_context(shown)?;
    let (files, skipped) = unpack(BufReader::new(file), LARGEST_FILE).with_context(shown)?;
    let mut notes = Vec::new();
    if sha256 != PUBLISHED {
        notes.push(format!(
            "{} is not the published ADFA-LD.zip: its SHA-256 is {sha256}",
            shown()
        ));
    }
    Ok((files, skipped, notes))
}
