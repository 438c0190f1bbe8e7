//! One service from its first start to its last attack: recorded, learned, watched in benign lives,
//! watched under attack.

mod attacking;

mod results;

mod together;

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};

use super::attack::Attack;
use super::implant::Implant;
use super::marks::{Control, Stage};
use super::mimicry;
use super::namespaces::Namespaces;
use super::sandbox::{NOBODY, Sandbox, account};
use super::service::{Make, Service};
use super::tool::Running;
use super::variant::{self, Variant};
use super::watcher::{Monitor, Verdicts, file};
pub use attacking::MARK;
pub use results::{Lived, Made, Studied, Together, Watched};

/// How long the process is there whose memory an attack reads, seconds: longer than a service
/// takes.
const VICTIM_LIVES: &str = "86400";

/// How much is done with a service.
#[derive(Clone, Debug)]
pub struct Extent {
    /// How long each recording for learning is under load.
    pub learning: Duration,
    /// How long each benign life that is watched is under load.
    pub watching: Duration,
    /// The benign lives.
    pub variants: Vec<Variant>,
    /// The attacks.
    pub attacks: Vec<Attack>,
    /// Whether all attacks are made once more under one monitor.
    pub together: bool,
    /// Where the loads' chance begins.
    pub seed: u64,
}

/// A service in its sandbox.
pub struct Study<'a> {
    monitor: &'a Monitor,
    extent: &'a Extent,
    folder: PathBuf,
    control: Control,
    // Before the sandbox: they must be gone when the folder is removed.
    service: Box<dyn Service>,
    /// Or why there are none.
    namespaces: Result<Namespaces>,
    sandbox: Sandbox,
}

impl<'a> Study<'a> {
    /// Makes the service ready. Recordings and verdicts go to `folder`; `keep` leaves the sandbox
    /// there.
    ///
    /// # Errors
    /// Something is not installed or cannot be made.
    pub fn prepare(
        name: &str,
        make: Make,
        monitor: &'a Monitor,
        extent: &'a Extent,
        folder: &Path,
        keep: bool,
    ) -> Result<Self> {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let mut sandbox = Sandbox::create(name, keep)?;
        let implant = Implant::build(sandbox.folder())?;
        let control = Control::create(&sandbox.folder().join("control"))?;
        let variables = implant.environment(&control);
        sandbox.set_environment(variables.map(|(variable, value)| (variable.into(), value)));
        let service = make(&sandbox)?;
        Ok(Self {
            monitor,
            extent,
            folder,
            control,
            service,
            namespaces: Err(anyhow!("not entered yet")),
            sandbox,
        })
    }

    /// Does all of it, in namespaces of its own where they are to be had.
    ///
    /// # Errors
    /// The service or the monitor fails, or the user asks to stop.
    pub fn run(mut self) -> Result<Studied> {
        std::thread::scope(|scope| {
            // A thread for it: what enters them does not come back.
            let inside = scope.spawn(move || {
                let folder = self.sandbox.folder().to_owned();
                self.namespaces = match Namespaces::possible(&folder) {
                    Ok(()) => Ok(Namespaces::enter(&folder)?),
                    Err(why) => Err(why),
                };
                self.all()
            });
            inside
                .join()
                .unwrap_or_else(|_| Err(anyhow!("the thread of the service panicked")))
        })
    }

    fn all(mut self) -> Result<Studied> {
        let recordings = vec![self.record(1)?, self.record(2)?];
        let profile = self.folder.join("profile");
        let learned = self.monitor.learn(&profile, &recordings)?;
        let mut lives = Vec::new();
        for (place, &variant) in self.extent.variants.iter().enumerate() {
            let outcome = match (variant, self.service.builds().other_version()) {
                (Variant::Upgrade, Err(why)) => Err(why),
                _ => Ok(self.watch(variant, &profile, 1000 * (place as u64 + 1))?),
            };
            lives.push(Lived { variant, outcome });
        }
        let pattern = mimicry::commonest(&recordings[0], 6, 32)?;
        self.control.pad_with(&pattern)?;
        self.control.aim(self.service.aim());
        let victim = self.victim()?;
        self.control.set(Stage {
            secret: self.service.secret(&self.sandbox),
            victim: victim.pid(),
            in_namespaces: self.namespaces.is_ok(),
        });
        let attacks = self.attack(&profile, pattern.is_empty())?;
        let together = if self.extent.together {
            Some(self.together(&profile, pattern.is_empty())?)
        } else {
            None
        };
        Ok(Studied {
            name: self.service.name(),
            version: self.service.builds().version(),
            other: self.service.builds().other_version().ok(),
            recordings,
            budget: self.monitor.budget.clone(),
            learned,
            lives,
            attacks,
            together,
            traceless: self.service.traceless(),
        })
    }

    /// A process outside of the service whose memory is read, of a user without rights.
    fn victim(&self) -> Result<Running> {
        let user = account(NOBODY)?;
        let mut command = Command::new("sleep");
        command.arg(VICTIM_LIVES).stdin(Stdio::null());
        command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        Running::start(command)
    }

    fn record(&mut self, run: u64) -> Result<PathBuf> {
        let name = format!("learn-{run}");
        let recording = file(&self.folder, &name, "rec");
        let watching = self.monitor.record(self.sandbox.cgroup(), &recording)?;
        let seed = self.extent.seed + 100 * run;
        variant::learned(
            self.service.as_mut(),
            &self.sandbox,
            seed,
            self.extent.learning,
        )?;
        watching.end()?;
        Ok(recording)
    }

    fn watch(&mut self, variant: Variant, profile: &Path, seed: u64) -> Result<Watched> {
        let (seed, time) = (self.extent.seed + seed, self.extent.watching);
        let name = variant::run(variant.name());
        let ((), watched) = self.watched(&name, profile, |study| {
            variant
                .live(study.service.as_mut(), &study.sandbox, seed, time)
                .with_context(|| variant.name())
        })?;
        Ok(watched)
    }

    /// Does something while a monitor watches.
    fn watched<T>(
        &mut self,
        name: &str,
        profile: &Path,
        something: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<(T, Watched)> {
        let recording = file(&self.folder, name, "rec");
        let verdicts = file(&self.folder, name, "jsonl");
        let _ = fs::remove_file(&verdicts);
        let watching = self
            .monitor
            .watch(self.sandbox.cgroup(), profile, &verdicts, &recording)?;
        let done = something(self)?;
        watching.end()?;
        let verdicts = Verdicts::read(&verdicts)?;
        Ok((
            done,
            Watched {
                recording,
                verdicts,
            },
        ))
    }
}
