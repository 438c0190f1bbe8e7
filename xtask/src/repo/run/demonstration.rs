//! What a newcomer sees first: a harmless command under watch, then one that behaves unlike it.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

/// A command to watch, and what to think of it.
struct Scene {
    title: &'static str,
    command: &'static [&'static str],
}

const SCENES: [Scene; 2] = [
    Scene {
        title: "A harmless command: it reads a file, again and again.",
        command: &[
            "awk",
            r#"BEGIN { while (n++ < 500) { getline line < "/etc/passwd"; close("/etc/passwd") } }"#,
        ],
    },
    Scene {
        title: "A command that behaves unlike it: it sends itself one empty signal after the other.",
        command: &[
            "sh",
            "-c",
            "i=0; while [ $i -lt 400 ]; do i=$((i+1)); kill -0 $$; done",
        ],
    },
];

const AFTERWORD: &str = "
The embedded model learned from a 32-bit Ubuntu of 2011: today's programs can surprise it where nothing is wrong. The README says
how to train one on recordings of your own service. To watch a running process: cargo xtask run -- --pid N";

/// Shows the scenes one after the other.
///
/// # Errors
/// The monitor cannot be started, or cannot watch here; it has said why then.
pub fn show(monitor: &Path, library: &Path) -> Result<ExitCode> {
    for scene in &SCENES {
        eprintln!("\n{}\n$ monitor -- {}", scene.title, shown(scene.command));
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

/// A command as a shell would take it. None of ours holds a single quote.
fn shown(command: &[&str]) -> String {
    let words: Vec<String> = command
        .iter()
        .map(|word| {
            let plain = word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_/.".contains(&byte));
            if plain {
                (*word).to_owned()
            } else {
                format!("'{word}'")
            }
        })
        .collect();
    words.join(" ")
}
