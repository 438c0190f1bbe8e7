//! `cargo xtask install`: the monitor, the library and the default model under one prefix.
//!
//! Each file is written beside its place and renamed, so that a running monitor keeps its files and
//! an interrupted installation leaves the old ones.

use std::env;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use super::setup;
use super::{build, privilege};
use support::place;

/// Arguments of `cargo xtask install`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The folder that gets bin/, lib/monitor/ and share/monitor/
    #[arg(long, default_value = "/usr/local", value_name = "FOLDER")]
    prefix: PathBuf,
    /// Install what has been built already: binary and library (how this program calls itself as
    /// root)
    #[arg(long, hide = true, num_args = 2, value_names = ["BINARY", "LIBRARY"])]
    built: Option<Vec<PathBuf>>,
}

/// Builds as the user and installs, through sudo where the prefix asks for it.
pub fn install(arguments: Arguments) -> Result<ExitCode> {
    let prefix = std::path::absolute(&arguments.prefix)?;
    if let Some([binary, library]) = arguments.built.as_deref() {
        copy_all(binary, library, &prefix)?;
        return Ok(ExitCode::SUCCESS);
    }
    let tools = setup::setup()?;
    let binary = build::release()?;
    if privilege::is_root() || writable(&prefix) {
        copy_all(&binary, &tools.onnxruntime, &prefix)?;
    } else {
        eprintln!(
            "{} is not yours to write: installing through sudo",
            prefix.display()
        );
        let me = env::current_exe()?;
        let status = privilege::as_root(me.as_os_str(), &[])?
            .args(["install", "--prefix"])
            .arg(&prefix)
            .arg("--built")
            .args([&binary, &tools.onnxruntime])
            .status()
            .context("cannot start sudo")?;
        if !status.success() {
            bail!("the installation under {} failed", prefix.display());
        }
    }
    eprintln!(
        "Now `sudo monitor --pid N` works from anywhere; {} is where it is",
        prefix.join("bin/monitor").display()
    );
    Ok(ExitCode::SUCCESS)
}

/// Whether the user can make files in the nearest folder of the prefix that exists.
fn writable(prefix: &Path) -> bool {
    let probe = format!(".monitor-install-{}", std::process::id());
    prefix
        .ancestors()
        .find(|folder| folder.is_dir())
        .is_some_and(|folder| {
            let probe = folder.join(&probe);
            let written = fs::write(&probe, b"").is_ok();
            written && fs::remove_file(&probe).is_ok()
        })
}

fn copy_all(binary: &Path, library: &Path, prefix: &Path) -> Result<()> {
    copy(binary, &prefix.join("bin/monitor"), PROGRAM)?;
    // The name that is looked for beside and above the executable, whatever the version.
    copy(library, &prefix.join("lib/monitor/libonnxruntime.so"), FILE)?;
    let model = place::root().join("models/default");
    if model.is_dir() {
        let to = prefix.join("share/monitor/models/default");
        for entry in
            fs::read_dir(&model).with_context(|| format!("cannot list {}", model.display()))?
        {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                copy(&entry.path(), &to.join(entry.file_name()), FILE)?;
            }
        }
    }
    Ok(())
}

/// The mode of an installed program, and of the folders.
const PROGRAM: u32 = 0o755;

/// The mode of another installed file.
const FILE: u32 = 0o644;

/// Copies one file, whole or not at all. It gets this mode, whatever the original's or the umask:
/// what runs as root is nobody else's to write.
fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let written = || -> io::Result<()> {
        let folder = to.parent().unwrap_or(to);
        make_folders(folder)?;
        let mut partial = to.as_os_str().to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = PathBuf::from(partial);
        let outcome = fs::copy(from, &partial)
            .and_then(|_| fs::set_permissions(&partial, Permissions::from_mode(mode)))
            .and_then(|()| fs::File::open(&partial)?.sync_all())
            .and_then(|()| fs::rename(&partial, to));
        if outcome.is_err() {
            drop(fs::remove_file(&partial));
        }
        outcome
    };
    written().with_context(|| format!("cannot install {} as {}", from.display(), to.display()))?;
    eprintln!("  {}", to.display());
    Ok(())
}

/// Makes the folders that are missing, each with the mode [`PROGRAM`] whatever the umask.
fn make_folders(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    folder.parent().map_or(Ok(()), make_folders)?;
    fs::create_dir(folder)?;
    fs::set_permissions(folder, Permissions::from_mode(PROGRAM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_replaces_the_old_file_and_sets_the_modes() {
        let folder = tempfile::tempdir().expect("a folder");
        let from = folder.path().join("built");
        fs::write(&from, "new").expect("written");
        fs::set_permissions(&from, fs::Permissions::from_mode(0o777)).expect("a mode");
        let to = folder.path().join("new/bin/monitor");
        make_folders(&folder.path().join("new/bin")).expect("folders");
        fs::write(&to, "old").expect("written");
        let old = fs::File::open(&to).expect("open");

        copy(&from, &to, PROGRAM).expect("copied");

        assert_eq!(fs::read_to_string(&to).expect("read"), "new");
        for path in [
            &to,
            &folder.path().join("new"),
            &folder.path().join("new/bin"),
        ] {
            let mode = fs::metadata(path).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o755, "{}", path.display());
        }
        assert_eq!(
            io::read_to_string(old).expect("read"),
            "old",
            "who had it open keeps it"
        );
        assert_eq!(
            fs::read_dir(folder.path().join("new/bin"))
                .expect("listed")
                .count(),
            1
        );
    }

    #[test]
    fn a_failed_copy_leaves_the_old_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let to = folder.path().join("monitor");
        fs::write(&to, "old").expect("written");
        let why = copy(&folder.path().join("missing"), &to, FILE).expect_err("nothing to copy");
        assert!(format!("{why:#}").contains("missing"), "{why:#}");
        assert_eq!(fs::read_to_string(&to).expect("read"), "old");
        assert_eq!(fs::read_dir(folder.path()).expect("listed").count(), 1);
    }
}
