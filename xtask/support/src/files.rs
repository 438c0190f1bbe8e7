//! Files that are written whole or not at all.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Writes a whole file or nothing: first beside it, then renamed.
///
/// # Errors
/// The folder is missing, full or not writable.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let written = || {
        // For all to read whom the umask lets: tempfile's own files are for their owner alone.
        let mut part = tempfile::Builder::new()
            .prefix(".part")
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(folder)?;
        part.write_all(bytes)?;
        part.persist(path).map_err(|error| error.error)
    };
    written().with_context(|| path.display().to_string())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::write_whole;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("page.md");
        write_whole(&path, b"one").expect("written");
        write_whole(&path, b"two").expect("replaced");
        assert_eq!(std::fs::read(&path).expect("read"), b"two");
        let taken = folder.path().join("taken");
        std::fs::create_dir(&taken).expect("made");
        write_whole(&taken, b"three").expect_err("a folder is in the way");
        let left = std::fs::read_dir(folder.path()).expect("listed").count();
        assert_eq!(left, 2);
    }
}
