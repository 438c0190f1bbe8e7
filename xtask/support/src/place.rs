//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the workspace: the folder of `Cargo.lock` above the package that cargo runs.
pub fn root() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = package
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file());
    root.map_or_else(|| package.clone(), Path::to_path_buf)
}

/// The project's tool folder: `MONITOR_TOOLS`, or `.tools` in the root of the workspace.
pub fn tools() -> PathBuf {
    env::var_os("MONITOR_TOOLS")
        .filter(|value| !value.is_empty())
        .map_or_else(|| root().join(".tools"), PathBuf::from)
}

/// libonnxruntime as the set-up has brought it, if it has.
pub fn onnxruntime() -> Option<PathBuf> {
    let entries = std::fs::read_dir(tools().join("onnxruntime")).ok()?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().as_encoded_bytes();
            name.starts_with(b"libonnxruntime.so")
        })
        .max()
}

/// Where cargo builds to.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// ADFA-LD for the tests: `MONITOR_ADFA_LD`, or `shared/adfa-ld` beside the workspace. It may not
/// be there.
pub fn adfa_ld() -> PathBuf {
    env::var_os("MONITOR_ADFA_LD").map_or_else(
        || {
            let root = root();
            root.parent().unwrap_or(&root).join("shared/adfa-ld")
        },
        PathBuf::from,
    )
}
