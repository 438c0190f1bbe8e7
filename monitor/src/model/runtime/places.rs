//! Where libonnxruntime may lie.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::RuntimeError;
use super::trust::{Origin, is_privileged_by_file};

/// The environment variable that names the library.
const VARIABLE: &str = "ORT_DYLIB_PATH";

/// The folders of the dynamic linker on common distributions.
const SYSTEM: [&str; 7] = [
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/lib64",
    "/lib",
];

/// A library that is there.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Found {
    pub path: PathBuf,
    pub origin: Origin,
}

/// The first library of the order that the module above documents.
pub(super) fn find(option: Option<&Path>) -> Result<Found, RuntimeError> {
    if let Some(path) = option {
        return named(path, Origin::Option, "--onnxruntime");
    }
    // A program with file capabilities is run by a user who must not choose what it loads.
    if !is_privileged_by_file()
        && let Some(path) = env::var_os(VARIABLE).filter(|path| !path.is_empty())
    {
        return named(Path::new(&path), Origin::Environment, VARIABLE);
    }
    let executable = env::current_exe().and_then(fs::canonicalize).ok();
    let beside = executable.as_deref().and_then(Path::parent);
    let installed = beside
        .and_then(Path::parent)
        .map(|prefix| prefix.join("lib/monitor"));
    let checkout = executable.as_deref().and_then(checkout_of);
    let places: Vec<(PathBuf, Origin)> = beside
        .map(Path::to_path_buf)
        .into_iter()
        .chain(installed)
        .map(|folder| (folder, Origin::Place))
        .chain(checkout.map(|folder| (folder, Origin::Checkout)))
        .chain(SYSTEM.map(|folder| (folder.into(), Origin::Place)))
        .collect();
    let found = places.iter().find_map(|(folder, origin)| {
        let path = library_in(folder)?;
        Some(Found {
            path,
            origin: *origin,
        })
    });
    found.ok_or_else(|| RuntimeError::NotFound {
        looked_at: places.into_iter().map(|(folder, _)| folder).collect(),
    })
}

/// Where `cargo xtask setup` puts the library, for an executable below cargo's folder `target`.
fn checkout_of(executable: &Path) -> Option<PathBuf> {
    let target = executable
        .ancestors()
        .find(|folder| folder.file_name().is_some_and(|name| name == "target"))?;
    Some(target.with_file_name(".tools").join("onnxruntime"))
}

fn named(path: &Path, origin: Origin, name: &'static str) -> Result<Found, RuntimeError> {
    let file = if path.is_dir() {
        library_in(path)
    } else {
        path.is_file().then(|| path.to_path_buf())
    };
    match file {
        Some(path) => Ok(Found { path, origin }),
        None => Err(RuntimeError::NotThere {
            origin: name,
            path: path.to_path_buf(),
        }),
    }
}

/// The library in a folder: the plain name first, else the greatest of the versioned names.
fn library_in(folder: &Path) -> Option<PathBuf> {
    const NAME: &str = "libonnxruntime.so";
    let plain = folder.join(NAME);
    if plain.is_file() {
        return Some(plain);
    }
    let versions = fs::read_dir(folder).ok()?.filter_map(|entry| {
        let name = entry.ok()?.file_name().into_string().ok()?;
        let version = name.strip_prefix(NAME)?.strip_prefix('.')?;
        let numbers: Option<Vec<u32>> = version.split('.').map(|part| part.parse().ok()).collect();
        numbers.map(|numbers| (numbers, name))
    });
    versions.max().map(|(_, name)| folder.join(name))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Origin, checkout_of, find, library_in};

    #[test]
    fn the_newest_version_of_a_folder_is_taken_and_other_files_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "libonnxruntime.so.1.9.0",
            "libonnxruntime.so.1.32.0",
            "libonnxruntime.so.bak",
            "libonnxruntime_providers_shared.so",
        ] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        let found = library_in(folder.path()).expect("there is one");
        assert_eq!(found, folder.path().join("libonnxruntime.so.1.32.0"));
    }

    #[test]
    fn what_cargo_built_finds_what_the_set_up_brought() {
        for executable in [
            "/src/monitor/target/release/monitor",
            "/src/monitor/target/debug/deps/live-0",
            "/src/monitor/target/aarch64-unknown-linux-gnu/release/monitor",
        ] {
            let folder = checkout_of(Path::new(executable)).expect("it is below target");
            assert_eq!(folder, Path::new("/src/monitor/.tools/onnxruntime"));
        }
        assert_eq!(checkout_of(Path::new("/usr/bin/monitor")), None);
    }

    #[test]
    fn an_option_that_names_nothing_is_an_error_that_names_it() {
        let error = find(Some(Path::new("/nowhere/libonnxruntime.so"))).expect_err("none");
        let text = error.to_string();
        assert!(text.contains("--onnxruntime names `/nowhere/"), "{text}");
        assert!(text.contains("cargo xtask setup"), "{text}");
    }

    #[test]
    fn an_option_may_name_the_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("libonnxruntime.so.1.32.0");
        fs::write(&path, "").expect("a file");
        let found = find(Some(folder.path())).expect("there is one");
        assert_eq!((found.path, found.origin), (path, Origin::Option));
    }
}
