//! What a newcomer sees first: a harmless command under watch, then one that behaves unlike it.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

/// A command to watch, and what to think of it.
struct Scene {
    title: &'static str,
    command: &'static [&'static str],
}

const SCENES: [Scene; 2] = [
    Scene {
        title: "A harmless command: it walks through a folder and reads files.",
        command: &[
            "sh",
            "-c",
            "ls -lR /etc/ssl >/dev/null; cat /etc/passwd >/dev/null",
        ],
    },
    Scene {
        title: "A command that behaves unlike it.",
        command: &["sh", "-c", "for i in 1 2 3; do kill -0 $i; done"],
    },
];

/// Shows the scenes one after the other.
pub fn show(monitor: &Path, library: &Path) -> Result<ExitCode> {
    for scene in &SCENES {
        eprintln!(
            "\n{}\n$ monitor -- {}",
            scene.title,
            scene.command.join(" ")
        );
        let mut arguments = vec![OsString::from("--")];
        arguments.extend(scene.command.iter().map(OsString::from));
        super::command(monitor, library, &arguments)?
            .status()
            .with_context(|| format!("cannot start {}", monitor.display()))?;
    }
    eprintln!("\nNow watch a service of yours: cargo xtask run -- --pid N");
    Ok(ExitCode::SUCCESS)
}
