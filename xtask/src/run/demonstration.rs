//! What a newcomer sees first: a harmless command under watch, then one that behaves unlike it.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

/// A command to watch, and what to think of it.
struct Scene {
    title: &'static str,
    command: Vec<String>,
    /// The command as it is shown, as a shell would take it.
    shown: String,
}

/// How often the second command does what it does.
const TIMES: usize = 200;

const AFTERWORD: &str = "
The embedded model learned from a 32-bit Ubuntu of 2011: today's programs can surprise it where nothing is wrong. The README says
how to train one on recordings of your own service. To watch a running process: cargo xtask run -- --pid N";

/// Shows the scenes one after the other.
///
/// # Errors
/// The monitor cannot be started, or cannot watch here; it has said why then.
pub fn show(monitor: &Path, library: &Path) -> Result<ExitCode> {
    for scene in [harmless(), odd()] {
        eprintln!("\n{}\n$ monitor -- {}", scene.title, scene.shown);
        let mut arguments = vec![OsString::from("--")];
        arguments.extend(scene.command.iter().map(OsString::from));
        let status = super::command(monitor, library, &arguments)?
            .status()
            .with_context(|| format!("cannot start {}", monitor.display()))?;
        // The status is the command's own, and both end with 0.
        if !status.success() {
            bail!("the demonstration ends here, since the monitor ended with {status}");
        }
    }
    eprintln!("{AFTERWORD}");
    Ok(ExitCode::SUCCESS)
}

fn harmless() -> Scene {
    let program =
        r#"BEGIN { while (n++ < 500) { getline line < "/etc/passwd"; close("/etc/passwd") } }"#;
    Scene {
        title: "A harmless command: it reads a file, again and again.",
        command: vec!["awk".into(), program.into()],
        shown: format!("awk '{program}'"),
    }
}

/// Sends empty signals to this very process, which anybody may do to their own.
fn odd() -> Scene {
    let title = "A command that behaves unlike it: it sends one empty signal after the other.";
    let target = std::process::id().to_string();
    if is_program("kill") {
        let mut command = vec!["kill".to_owned(), "-0".into()];
        command.extend(std::iter::repeat_n(target.clone(), TIMES));
        let shown = format!("kill -0 {target} {target} …   (the same process {TIMES} times)");
        return Scene {
            title,
            command,
            shown,
        };
    }
    // Every shell has its own `kill`; but the start of some shells surprises the model already.
    let script = format!("i=0; while [ $i -lt {TIMES} ]; do i=$((i+1)); kill -0 {target}; done");
    let shown = format!("sh -c '{script}'");
    Scene {
        title,
        command: vec!["sh".into(), "-c".into(), script],
        shown,
    }
}

fn is_program(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}
