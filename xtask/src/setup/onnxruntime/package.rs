//! A package as its client left it, and the library out of it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// No build of the library comes near this size (1.32.0 for x86-64: 35 MB; 1.30.0 of npm: 46 MB).
const LARGEST: u64 = 128 << 20;

/// Writes the library out of a package, never more than a library can be.
pub fn unpack(from: impl Read, to: &Path) -> Result<()> {
    let mut file = File::create(to).with_context(|| format!("cannot write {}", to.display()))?;
    let size =
        io::copy(&mut from.take(LARGEST + 1), &mut file).context("the package is damaged")?;
    if size > LARGEST {
        drop(file);
        fs::remove_file(to)?;
        bail!("the library in the package is larger than {LARGEST} bytes, which no real one is");
    }
    Ok(())
}

/// The only file in a folder whose name ends so: a package as its client left it there.
pub fn only_file(folder: &Path, ending: &str) -> Result<PathBuf> {
    let mut found = fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(ending));
    match (found.next(), found.next()) {
        (Some(path), None) => Ok(path),
        _ => bail!(
            "the download did not leave one {ending} file in {}",
            folder.display()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_library_without_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("library");
        let why = unpack(io::repeat(0), &to).expect_err("endless");
        assert!(why.to_string().contains("larger than"), "{why}");
        assert!(!to.exists());
    }
}
