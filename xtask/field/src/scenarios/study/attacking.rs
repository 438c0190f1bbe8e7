//! The attacks on a service, each under the eyes of a monitor of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Error, Result, anyhow};

use super::{Made, Study, Watched};
use crate::scenarios::attack::Attack;
use crate::scenarios::marks::{Mark, now_ns};
use crate::scenarios::sandbox::Sandbox;
use crate::scenarios::service::{Build, Load, Service};
use crate::scenarios::watcher::file;
use support::stop;

/// How long after its start an attack may be found; of a slow one, after the start of its last
/// step.
const WINDOW: Duration = Duration::from_secs(5);

/// How long a service runs under load before it is attacked.
const SETTLE: Duration = Duration::from_secs(1);

/// How long each of taking an order and carrying it out may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The extension of the files in which the attacks' marks are kept.
pub const MARK: &str = "mark";

impl Study<'_> {
    /// Why an attack cannot be made on this service.
    pub(super) fn impossible(&self, attack: Attack, unpadded: bool) -> Option<Error> {
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

    pub(super) fn attack(&mut self, profile: &Path, unpadded: bool) -> Result<Vec<Made>> {
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
    pub(super) fn under_load(&mut self, attack: Attack, seed: u64) -> Result<Mark> {
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
