//! The monitor on other kernels and on another machine, in an emulator:
//! `cargo xtask kernels --short`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use super::binary::TOOLS;
use super::tally::{Tally, kernels};
use crate::architecture::Architecture;
use crate::build;
use crate::cargo;
use support::place;

/// Boots each kernel with the build of the tests, and counts one check for each.
pub fn all(tally: &mut Tally) {
    let tools = tools().inspect_err(|why| tally.fail(&format!("kernels: {why:#}")));
    for machine in &MACHINES {
        let name = machine.architecture.name();
        if let Some(why) = machine.obstacle() {
            eprintln!("  {name}: skipped, {why}");
            tally.skip(
                machine.kernels,
                &format!("needs an emulator of {name} ({why})"),
            );
        } else if let Ok(tools) = &tools
            && let Err(why) = machine.boot(tools, tally)
        {
            tally.fail(&format!("kernels of {name}: {why:#}"));
        }
    }
}

/// A machine, and what is booted on it.
struct Machine {
    architecture: Architecture,
    /// The kernels; where none is named, those of the short form.
    versions: &'static [&'static str],
    /// How many those are.
    kernels: usize,
    /// What the machine is made with: programs, and the packages that hold them.
    needed: &'static [(&'static str, &'static str)],
}

const MACHINES: [Machine; 2] = [
    Machine {
        architecture: Architecture::X86_64,
        versions: &[],
        kernels: 3,
        needed: &[
            ("/usr/bin/qemu-system-x86_64", "qemu-system-x86"),
            ("/usr/bin/busybox", "busybox-static"),
            ("/usr/lib/x86_64-linux-gnu/libc.a", "libc6-dev"),
        ],
    },
    // What differs on another machine is the layout of arguments and calls, and not from kernel to
    // kernel.
    Machine {
        architecture: Architecture::Aarch64,
        versions: &["6.12"],
        kernels: 1,
        needed: &[
            ("/usr/bin/qemu-system-aarch64", "qemu-system-arm"),
            ("/usr/bin/aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
            ("/usr/aarch64-linux-gnu/lib/libc.a", "libc6-dev-arm64-cross"),
        ],
    },
];

/// What every machine is made with.
const NEEDED: [(&str, &str); 2] = [
    ("/usr/bin/dpkg-deb", "dpkg"),
    (
        "/usr/share/keyrings/debian-archive-keyring.gpg",
        "debian-archive-keyring",
    ),
];

/// The program that boots, built with the packages of the tests, so that nothing is built with
/// other features again.
fn tools() -> Result<PathBuf> {
    let built = cargo::in_workspace()
        .args(["build", "--quiet"])
        .args(TOOLS)
        .status()
        .context("cannot start cargo")?;
    ensure!(built.success(), "the crates of xtask do not build");
    Ok(place::target().join("debug/xtask-field"))
}

impl Machine {
    fn obstacle(&self) -> Option<String> {
        if std::env::consts::ARCH != "x86_64" {
            return Some("kernels are emulated on x86-64 alone".to_owned());
        }
        let all = self.needed.iter().chain(&NEEDED);
        let missing = all.filter(|(path, _)| !Path::new(path).exists());
        let packages: Vec<_> = missing.map(|&(_, package)| package).collect();
        (!packages.is_empty()).then(|| format!("not installed: {}", packages.join(", ")))
    }

    fn boot(&self, tools: &Path, tally: &mut Tally) -> Result<()> {
        let monitor = build::binary(build::Wanted {
            architecture: Some(self.architecture),
            is_debug: true,
            ..build::Wanted::default()
        })?;
        let output = Command::new(tools)
            // Widely: a machine that is busy with something else takes several times as long.
            .args(["kernels", "--short", "--patience", "1200"])
            .args(["--arch", self.architecture.name()])
            .args(self.versions)
            .arg("--monitor")
            .arg(monitor)
            .env("CARGO_MANIFEST_DIR", place::root().join("xtask/field"))
            .env("MONITOR_TOOLS", place::tools())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start xtask-field")?;
        let said = String::from_utf8_lossy(&output.stdout);
        let Some((passed, failed, skipped)) = kernels(&said) else {
            bail!("xtask-field ended with {} before it counted", output.status);
        };
        for _ in 0..passed {
            tally.pass();
        }
        for _ in 0..failed {
            tally.fail("a kernel in the emulator (see above)");
        }
        tally.skip(skipped, "kernels that could not be fetched (see above)");
        Ok(())
    }
}
