//! What a newcomer sees first: a small service is learned, judged while it does the same again, and
//! judged while it does something that it never did.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

/// What the service does: a few hundred short processes.
const SERVICE: &str = "i=0; while [ $i -lt 150 ]; do cat /etc/hostname > /dev/null; \
                       wc -c /etc/hostname > /dev/null; i=$((i+1)); done";

/// What it never did. It needs a right that not everybody has: that it is refused changes nothing.
const NEW: &str = "unshare -m true || true";

const AFTERWORD: &str = "
To watch a running process by what it normally does:
  cargo xtask run -- learn --pid N --for 10m --profile my.profile
  cargo xtask run -- --pid N --profile my.profile";

/// A folder for the profile, removed when the demonstration ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = env::temp_dir().join(format!("monitor-demonstration-{}", std::process::id()));
        // It must not be there already: somebody else could have made it.
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("cannot make the folder {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What stays behind is a small file in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Shows the scenes one after the other.
///
/// # Errors
///
/// The monitor cannot be started, or cannot watch here; it has said why then.
pub fn show(monitor: &Path, library: &Path) -> Result<ExitCode> {
    let folder = Folder::new()?;
    let profile = folder.0.join("demonstration.profile");
    let odd = format!("{SERVICE}; {NEW}");
    let scenes = [
        (
            "A small service is learned: a shell that runs two programs, again and again.",
            "learn",
            SERVICE,
        ),
        (
            "It does the same once more, judged by what was learned.",
            "",
            SERVICE,
        ),
        (
            "It does something that it never did: it runs another program, which asks for a mount \
             namespace of its own.",
            "",
            &odd,
        ),
    ];
    for (title, command, script) in scenes {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut shown = "monitor".to_owned();
        if command == "learn" {
            arguments.push(command.into());
            shown.push_str(" learn");
        } else {
            arguments.push("--no-alarm-log".into());
        }
        arguments.extend(["--profile".into(), profile.clone().into_os_string()]);
        arguments.extend(["--", "sh", "-c", script].map(OsString::from));
        eprintln!("\n{title}\n$ {shown} --profile demonstration.profile -- sh -c '{script}'");
        let status = super::command(monitor, library, &arguments)?
            .status()
            .with_context(|| format!("cannot start {}", monitor.display()))?;
        // The status is the command's own, and all of them end with 0.
        if !status.success() {
            bail!("the demonstration ends here, since the monitor ended with {status}");
        }
    }
    eprintln!("{AFTERWORD}");
    Ok(ExitCode::SUCCESS)
}
