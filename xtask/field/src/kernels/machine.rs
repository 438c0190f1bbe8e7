//! The emulated machine: one boot, bounded in time.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::architecture::{Architecture, Emulated as _};
use super::guest::Guest;
use crate::scenarios::tool::Running;

/// How a kernel is booted.
pub struct Machine<'a> {
    /// Which machine.
    pub architecture: Architecture,
    /// The kernel's image.
    pub kernel: &'a Path,
    /// Its first file system.
    pub image: &'a Path,
    /// Where what the console prints is kept.
    pub log: PathBuf,
    /// Whether it has one CPU, as for counting instructions.
    pub single: bool,
    /// How long it may take.
    pub patience: Duration,
}

/// Boots before a kernel that panics is given up: QEMU 7.2 was seen to break a boot by a fault of
/// its own.
const BOOTS: u32 = 2;

impl Machine<'_> {
    /// Whether the emulator is there.
    ///
    /// # Errors
    /// It is not: the error names its package.
    pub fn check(architecture: Architecture) -> Result<()> {
        let (program, package) = architecture.emulator();
        let there = Command::new(program)
            .arg("--version")
            .stdout(Stdio::null())
            .status();
        ensure!(
            there.is_ok_and(|it| it.success()),
            "no {program}: install {package}"
        );
        Ok(())
    }

    /// What the guest handed out when this kernel was booted last, if its console was kept.
    pub fn kept(&self) -> Option<Guest> {
        let console = fs::read(&self.log).ok()?;
        Guest::from_console(&String::from_utf8_lossy(&console)).ok()?
    }

    /// Boots the kernel, and gives what its guest hands out, and how long it took.
    ///
    /// # Errors
    /// It panics, or does not come to its end in time.
    pub fn boot(&self) -> Result<(Guest, Duration)> {
        let mut boots = 0;
        loop {
            boots += 1;
            let began = Instant::now();
            self.run()?;
            let console = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
            if let Some(guest) = Guest::from_console(&console)? {
                return Ok((guest, began.elapsed()));
            }
            let last = console
                .lines()
                .map(str::trim)
                .rfind(|line| !line.is_empty());
            let panicked = console.contains("Kernel panic");
            if !panicked || boots == BOOTS {
                let how = if panicked {
                    "it panicked"
                } else {
                    "its guest did not finish"
                };
                bail!(
                    "{how}; the console ends with {:?} ({})",
                    last.unwrap_or(""),
                    self.log.display()
                );
            }
        }
    }

    fn run(&self) -> Result<()> {
        let (emulator, _) = self.architecture.emulator();
        let mut command = Command::new(emulator);
        command
            .args([
                // QEMU 7.2 with a thread for each CPU was seen to miss that one CPU changes the
                // code that another runs: a kernel hung where a tracepoint was being switched.
                "-accel",
                "tcg,thread=single",
                "-m",
                "1536M",
                "-nodefaults",
                "-nographic",
                "-no-reboot",
            ])
            .args(["-serial", "stdio", "-monitor", "none"])
            .args(self.architecture.machine())
            .arg("-kernel")
            .arg(self.kernel)
            .arg("-initrd")
            .arg(self.image)
            .arg("-append")
            .arg(format!(
                "console={} panic=-1 quiet loglevel=3",
                self.architecture.console()
            ))
            .stdin(Stdio::null())
            .stdout(File::create(&self.log)?);
        if self.single {
            // The guest's clock counts instructions, and its waiting takes no time.
            command.args(["-smp", "1", "-icount", "shift=0,sleep=off"]);
        } else {
            // Not so with two CPUs: to boot took minutes.
            command.args(["-smp", "2"]);
        }
        let mut running = Running::start_quietly(command)?;
        let status = running
            .wait(self.patience)
            .with_context(|| format!("the console is in {}", self.log.display()))?;
        running.ensure_good(status, &[0])
    }
}
