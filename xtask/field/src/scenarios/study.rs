//! One service from its first start to its last attack: recorded, learned, watched in benign lives, watched under attack.

mod together;

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Error, Result, anyhow};
use serde_json::Value;

use super::attack::Attack;
use super::implant::Implant;
use super::marks::{Control, Mark, Stage, now_ns};
use super::mimicry;
use super::namespaces::Namespaces;
use super::sandbox::{NOBODY, Sandbox, account};
use super::service::{Build, Load, Make, Service};
use super::tool::Running;
use super::variant::{self, Variant};
use super::watcher::{Monitor, Verdicts, file};
use support::stop;
pub use together::Together;

/// How long after its start an attack may be found; of a slow one, after the start of its last step.
pub const WINDOW: Duration = Duration::from_secs(5);

/// How long the process is there whose memory an attack reads, seconds: longer than a service takes.
const VICTIM_LIVES: &str = "86400";

/// How long a service runs under load before it is attacked.
const SETTLE: Duration = Duration::from_secs(1);

/// How long each of taking an order and carrying it out may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The extension of the files in which the attacks' marks are kept.
pub const MARK: &str = "mark";

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

/// A run of the watching monitor.
#[derive(Debug)]
pub struct Watched {
    /// Exactly what was judged.
    pub recording: PathBuf,
    /// What came of it.
    pub verdicts: Verdicts,
}

/// An attack under the eyes of a monitor of its own: an alarm like one that was told is only counted, and an attack is not to
/// hide behind the one before.
#[derive(Debug)]
pub struct Made {
    /// Which.
    pub attack: Attack,
    /// When and where it was made, and what came of it; or why it could not be made.
    pub outcome: Result<(Mark, Watched)>,
}

/// A benign life that was watched.
#[derive(Debug)]
pub struct Lived {
    /// Which.
    pub variant: Variant,
    /// What was judged, and what came of it; or why the life could not be lived here.
    pub outcome: Result<Watched>,
}

/// All that one service gave.
#[derive(Debug)]
pub struct Studied {
    /// Its name.
    pub name: &'static str,
    /// The learned version.
    pub version: String,
    /// The version of the upgrade, where there is one.
    pub other: Option<String>,
    /// What was learned from.
    pub recordings: Vec<PathBuf>,
    /// The false alarms that the monitor was asked for.
    pub budget: String,
    /// What `monitor learn` says.
    pub learned: Value,
    /// The benign lives.
    pub lives: Vec<Lived>,
    /// The attacks, in order.
    pub attacks: Vec<Made>,
    /// The same attacks under one monitor, where that was wanted.
    pub together: Option<Together>,
    /// Attacks that leave no trace in the calls of this service, and why not.
    pub traceless: &'static [(Attack, &'static str)],
}

impl Studied {
    /// The model that judged, as the monitor names it.
    pub fn model(&self) -> Option<String> {
        let lived = self
            .lives
            .iter()
            .filter_map(|life| life.outcome.as_ref().ok());
        let attacked = self
            .attacks
            .iter()
            .filter_map(|made| made.outcome.as_ref().ok());
        let verdicts = &lived.chain(attacked.map(|(_, it)| it)).next()?.verdicts;
        Some(verdicts.summary["model"]["name"].as_str()?.to_owned())
    }
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
    /// Makes the service ready. Recordings and verdicts go to `folder`; `keep` leaves the sandbox there.
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

    /// Why an attack cannot be made on this service.
    fn impossible(&self, attack: Attack, unpadded: bool) -> Option<Error> {
        if attack.is_mimicry() && unpadded {
            return Some(anyhow!(
                "none of the service's common calls can be made without effect"
            ));
        }
        if attack == Attack::ThroughApplication && !self.service.lends_itself() {
            return Some(anyhow!("the application has no way to files"));
        }
        match &self.namespaces {
            Err(why) if attack.needs_namespaces() => {
                Some(anyhow!("no namespaces of the suite's own: {why:#}"))
            }
            _ => None,
        }
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

    fn attack(&mut self, profile: &Path, unpadded: bool) -> Result<Vec<Made>> {
        let mut all = Vec::new();
        for (place, &attack) in self.extent.attacks.iter().enumerate() {
            let outcome = match self.impossible(attack, unpadded) {
                Some(why) => Err(why),
                None => {
                    let seed = self.extent.seed + 10_000 + place as u64;
                    self.one_attack(attack, profile, seed)
                }
            };
            stop::check()?;
            all.push(Made { attack, outcome });
        }
        Ok(all)
    }

    fn one_attack(&mut self, attack: Attack, profile: &Path, seed: u64) -> Result<(Mark, Watched)> {
        let name = attack.run();
        let (mark, watched) = self.watched(&name, profile, |study| {
            study.service.start(&study.sandbox, Build::Learned)?;
            let mark = study.under_load(attack, seed);
            study.service.stop(&study.sandbox);
            mark
        })?;
        mark.write(&file(&self.folder, &name, MARK))?;
        Ok((mark, watched))
    }

    /// Makes an attack while the service works.
    fn under_load(&mut self, attack: Attack, seed: u64) -> Result<Mark> {
        let (service, sandbox, control) = (&*self.service, &self.sandbox, &mut self.control);
        let window = WINDOW + attack.lasts();
        let mark = std::thread::scope(|scope| {
            let under_load = SETTLE + window + Duration::from_secs(1);
            let load = scope.spawn(move || service.load(sandbox, Load::Learned, seed, under_load));
            stop::sleep(SETTLE)?;
            let began = Instant::now();
            let mark = if attack == Attack::ThroughApplication {
                through_application(service, sandbox)
            } else {
                control.trigger(attack, PATIENCE)
            };
            stop::sleep(window.saturating_sub(began.elapsed()))?;
            // A load that fails because the attack took its service away is part of the attack.
            let _ = load.join();
            mark
        });
        if let Ok(namespaces) = &self.namespaces {
            namespaces.restore()?;
        }
        mark
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

/// An attack that is no code in the service: its application does what it is asked for.
fn through_application(service: &dyn Service, sandbox: &Sandbox) -> Result<Mark> {
    let start_ns = now_ns()?;
    let misuse = service.misuse(sandbox)?;
    Ok(Mark {
        attack: Attack::ThroughApplication,
        tgid: misuse.process,
        tid: misuse.process,
        processes: vec![misuse.process],
        start_ns,
        end_ns: now_ns()?,
        calls: 0,
        errno: 0,
        answer: misuse.answer,
    })
}
