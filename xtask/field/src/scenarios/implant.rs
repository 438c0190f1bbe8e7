//! Builds the implant: what stands for the exploited process of a service.
//!
//! It is compiled at run time, into the suite's own folder, and preloaded into services that the
//! suite starts itself. It does nothing without the suite's control file.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use super::marks::Control;

/// Its sources, by the names under which they include each other.
const SOURCES: [(&str, &str); 7] = [
    ("implant.c", include_str!("implant.c")),
    ("attacks.c", include_str!("implant/attacks.c")),
    ("touching.c", include_str!("implant/touching.c")),
    ("uring.c", include_str!("implant/uring.c")),
    ("calls.c", include_str!("implant/calls.c")),
    ("calls.h", include_str!("implant/calls.h")),
    ("control.h", include_str!("implant/control.h")),
];

/// The variable that names the control file.
const CONTROL: &str = "MONITOR_SCENARIOS_CONTROL";

/// The built shared object.
#[derive(Clone, Debug)]
pub struct Implant {
    path: PathBuf,
}

impl Implant {
    /// Compiles it with `cc` into `folder`.
    ///
    /// # Errors
    ///
    /// There is no C compiler, it refuses, or the folder cannot be written.
    pub fn build(folder: &Path) -> Result<Self> {
        let folder = fs::canonicalize(folder).with_context(|| {
            format!(
                "{} is not there; make the folder of the sandbox first",
                folder.display()
            )
        })?;
        // The loader takes blanks and colons in LD_PRELOAD for separators.
        let usable = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        ensure!(
            folder.to_str().is_some_and(|path| path.chars().all(usable)),
            "{} has letters in its name that LD_PRELOAD does not take; give another folder by \
             --out",
            folder.display()
        );
        let sources = folder.join("implant");
        fs::create_dir_all(&sources)
            .with_context(|| format!("{} cannot be made", sources.display()))?;
        for (name, text) in SOURCES {
            let path = sources.join(name);
            fs::write(&path, text)
                .with_context(|| format!("{} cannot be written", path.display()))?;
        }
        let path = folder.join("implant.so");
        let built = Command::new("cc")
            .args([
                "-std=gnu11",
                "-O1",
                "-U_FORTIFY_SOURCE",
                "-fPIC",
                "-shared",
                "-o",
            ])
            .arg(&path)
            .args(["implant.c", "attacks.c", "touching.c", "uring.c", "calls.c"])
            .args(["-ldl", "-lpthread"])
            .current_dir(&sources)
            .output()
            .context(
                "cc cannot be started; install a C compiler, as in `apt install gcc libc6-dev`",
            )?;
        if !built.status.success() {
            bail!(
                "cc cannot build the implant:\n{}",
                String::from_utf8_lossy(&built.stderr).trim()
            );
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
            .with_context(|| format!("{} cannot be made readable to all", path.display()))?;
        Ok(Self { path })
    }

    /// What to set in the environment of a service.
    #[must_use]
    pub fn environment(&self, control: &Control) -> [(&'static str, OsString); 2] {
        [
            ("LD_PRELOAD", self.path.clone().into()),
            (CONTROL, control.path().into()),
        ]
    }
}
