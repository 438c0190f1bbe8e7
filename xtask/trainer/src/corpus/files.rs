//! The traces of an unpacked ADFA-LD.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use monitor::trace::adfa::folder::{self, Part};

use super::{Named, Skipped};

/// The most bytes that one trace may have; ADFA-LD's largest has under 20,000.
pub const LARGEST_FILE: u64 = 64 << 20;

/// Whether a folder holds at least one of ADFA-LD's parts, itself or in a folder `ADFA-LD`.
#[must_use]
pub fn looks_like_adfa_ld(path: &Path) -> bool {
    let has = |root: &Path| {
        Part::ALL
            .iter()
            .any(|part| root.join(part.folder()).is_dir())
    };
    has(path) || has(&path.join("ADFA-LD"))
}

/// Every trace file's path (`/` between components) and bytes, and what was skipped.
///
/// # Errors
/// A file that cannot be read or is far too large.
pub fn read(path: &Path) -> Result<(Vec<Named>, Skipped)> {
    let listing = folder::list(path)?;
    let mut files = Vec::new();
    for relative in listing.files {
        let name = relative.to_string_lossy().into_owned();
        files.push((name, bounded(&path.join(&relative))?));
    }
    let skipped = listing
        .skipped
        .into_iter()
        .map(|(why, n)| (why.to_owned(), n))
        .collect();
    Ok((files, skipped))
}

/// The first bytes of a file, at most 8.
///
/// # Errors
/// It cannot be read.
pub fn start(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| path.display().to_string())?;
    file.take(8)
        .read_to_end(&mut bytes)
        .with_context(|| path.display().to_string())?;
    Ok(bytes)
}

fn bounded(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| path.display().to_string())?;
    file.take(LARGEST_FILE + 1)
        .read_to_end(&mut bytes)
        .with_context(|| path.display().to_string())?;
    ensure!(
        bytes.len() as u64 <= LARGEST_FILE,
        "{} is larger than {LARGEST_FILE} bytes, so it is no trace; take it out of the folder",
        path.display()
    );
    Ok(bytes)
}
