//! The files that attacks read, overwrite and unlink: made by the suite, told by folder and name.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// How many.
const FILES: usize = 200;

/// The bytes of each.
const BYTES: usize = 4096;

/// Folders of the tree, and files in each.
const TREE: (usize, usize) = (6, 10);

/// Makes `victims/` in the sandbox anew.
///
/// Any user may change files in it, since services run as several. So it is never written into once
/// it is open: whoever put a link there could have the suite, which runs as root, write elsewhere.
pub fn restore(sandbox: &Path) -> Result<()> {
    let folder = sandbox.join("victims");
    if let Err(error) = fs::remove_dir_all(&folder)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error).with_context(|| format!("{} cannot be removed", folder.display()));
    }
    fs::create_dir(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    permit(&folder, 0o700)?;
    for file in 0..FILES {
        let path = folder.join(format!("victim-{file:03}"));
        let text = format!("file {file} of the scenario suite\n");
        let content: Vec<u8> = text.bytes().cycle().take(BYTES).collect();
        fs::write(&path, content)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        permit(&path, 0o666)?;
    }
    tree(&folder.join("tree"))?;
    let home = folder.join("home/.ssh");
    fs::create_dir_all(&home).with_context(|| format!("{} cannot be made", home.display()))?;
    permit(&home, 0o777)?;
    permit(&folder, 0o777)
}

/// Folders in a row, each in the one before, and files in them.
fn tree(folder: &Path) -> Result<()> {
    let mut here = folder.to_owned();
    for depth in 0..TREE.0 {
        fs::create_dir(&here).with_context(|| format!("{} cannot be made", here.display()))?;
        permit(&here, 0o755)?;
        for file in 0..TREE.1 {
            let path = here.join(format!("document-{depth}-{file}"));
            fs::write(&path, b"a file of the scenario suite\n".repeat(100))
                .with_context(|| format!("{} cannot be written", path.display()))?;
            permit(&path, 0o666)?;
        }
        here.push(format!("folder-{depth}"));
    }
    Ok(())
}

fn permit(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .with_context(|| format!("the rights of {} cannot be set", path.display()))
}
