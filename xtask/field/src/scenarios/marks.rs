//! Orders to the implant, and when and where each attack was made.
//!
//! An order is a word in a file that the implant has mapped: neither side needs a system call in
//! the service to pass it. The suite writes and reads the file; what the service sees is the same
//! page.

mod attacker;
mod layout;
mod mark;
mod processes;
#[cfg(test)]
mod tests;
mod victims;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use self::attacker::Attacker;
use self::layout::{Layout, State};
pub use self::mark::{Mark, now_ns};
use super::attack::Attack;

/// How often the file is looked at.
const GLANCE: Duration = Duration::from_millis(1);

/// Calls of the pattern that a mimicry attempt makes before each of its own. With one in 33, a mean
/// over 10 or 100 calls is mostly of the service's own sequences.
const PADDING: u32 = 32;

/// Which user's processes may take an order.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum User {
    /// Any.
    #[default]
    Any,
    /// Root's only.
    Root,
    /// All but root's: a worker that gave up its rights.
    NotRoot,
}

/// Which processes may take an order.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Aim {
    /// How the name of the program begins that the process executed; `None` for any. At most 15
    /// bytes count.
    pub program: Option<String>,
    /// Whose they are.
    pub user: User,
}

/// What an attack finds beside the files of its own.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Stage {
    /// A key or configuration of the service's own; the empty path for none.
    pub secret: PathBuf,
    /// A process of the suite whose memory is read; 0 for none.
    pub victim: u32,
    /// Whether the service runs in namespaces of the suite's own.
    pub in_namespaces: bool,
}

/// The suite's end of the control file.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    layout: Layout,
    aim: Aim,
    stage: Stage,
    pattern: Vec<u32>,
}

impl Control {
    /// Makes the control file anew, and beside it the folder of the files that attacks read and
    /// destroy. The folder around both is the sandbox. Services run as several users: all may read
    /// it and write the control file, but only its owner may put files into it.
    ///
    /// # Errors
    ///
    /// The folder cannot be written.
    pub fn create(path: &Path) -> Result<Self> {
        let sandbox = path.parent().unwrap_or(Path::new("."));
        let sandbox = fs::canonicalize(sandbox)
            .with_context(|| format!("{} is not there; make it first", sandbox.display()))?;
        let name = path.file_name().context("the control file needs a name")?;
        let path = sandbox.join(name);
        let layout = Layout::create(&path)?;
        for (path, mode) in [(&sandbox, 0o755), (&path, 0o666)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
                .with_context(|| format!("{} cannot be opened to services", path.display()))?;
        }
        victims::restore(&sandbox)?;
        Ok(Self {
            path,
            layout,
            aim: Aim::default(),
            stage: Stage::default(),
            pattern: Vec::new(),
        })
    }

    /// The control file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which processes may take the orders from now on.
    pub fn aim(&mut self, aim: Aim) {
        self.aim = aim;
    }

    /// What the attacks find from now on.
    pub fn set(&mut self, stage: Stage) {
        self.stage = stage;
    }

    /// The calls that the mimicry attempts make between their own, in order and again from the
    /// start.
    ///
    /// # Errors
    ///
    /// A call is not known to be without effect in that use, or there are more than the control
    /// file holds.
    pub fn pad_with(&mut self, calls: &[u32]) -> Result<()> {
        ensure!(
            calls.len() <= layout::LONGEST_PATTERN,
            "a pattern of {} calls; the implant holds {}",
            calls.len(),
            layout::LONGEST_PATTERN
        );
        if let Some(call) = calls
            .iter()
            .find(|&&call| !super::mimicry::is_harmless(call))
        {
            bail!("call {call} is not known to have no effect; leave it out of the pattern");
        }
        self.pattern = calls.to_vec();
        Ok(())
    }

    /// Has an attack made, plays the attacker's side of it on loopback, waits until it is over,
    /// ends what it left running, and restores the files.
    ///
    /// Each of taking the order and carrying it out may last `timeout`. An attack that is cut
    /// short, because its process died, is marked all the same.
    ///
    /// # Errors
    ///
    /// No process took the order, or the sandbox cannot be prepared.
    pub fn trigger(&mut self, attack: Attack, timeout: Duration) -> Result<Mark> {
        ensure!(
            !attack.is_mimicry() || !self.pattern.is_empty(),
            "{attack} has nothing to hide among; give it a pattern by `pad_with` first"
        );
        ensure!(
            self.stage.in_namespaces || !attack.needs_namespaces(),
            "{attack} would touch what is the host's: it needs namespaces of the suite's own"
        );
        ensure!(
            attack != Attack::ThroughApplication,
            "{attack}: no thread of the service makes it by order"
        );
        let sandbox = self
            .path
            .parent()
            .context("the control file lies in a folder")?;
        victims::restore(sandbox)?;
        let (steps, between) = attack.steps();
        let attacker = Attacker::ready(attack)?;
        let orders = layout::Orders {
            user: self.aim.user as u32,
            program: self.aim.program.as_deref().unwrap_or(""),
            port: attacker.port(),
            ports: attacker.ports(),
            pattern: if attack.is_mimicry() {
                &self.pattern
            } else {
                &[]
            },
            padding: PADDING,
            steps: (steps, between.as_millis() as u32),
            victim: self.stage.victim,
            secret: &self.stage.secret,
        };
        self.layout.prepare(&orders)?;
        self.layout.order(attack.number())?;
        let taken = self.wait(Instant::now() + timeout, |state| state != State::Idle)?;
        if !taken && !self.withdrawn()? {
            bail!(
                "no thread took the order ({attack}) within {} s; is the service under load, \
                 started with the implant, and is the aim right ({:?})?",
                timeout.as_secs(),
                self.aim
            );
        }
        let answer = attacker.play(timeout);
        let mut end_ns = None;
        if attacker::outlives_its_thread(attack) {
            end_ns = Some(now_ns()?);
        } else {
            let deadline = Instant::now() + timeout + attack.lasts();
            self.wait(deadline, |state| state == State::Done)?;
        }
        let seen = self.layout.read()?;
        processes::end(seen.child, seen.start_ns);
        // Written after the processes are gone, so that none of them finds the order again.
        self.layout.order(0)?;
        victims::restore(
            self.path
                .parent()
                .context("the control file lies in a folder")?,
        )?;
        let mut processes = vec![seen.tgid];
        processes.extend((seen.child > 0).then_some(seen.child));
        for taker in seen.takers {
            if !processes.contains(&taker) {
                processes.push(taker);
            }
        }
        Ok(Mark {
            attack,
            tgid: seen.tgid,
            tid: seen.tid,
            processes,
            start_ns: seen.start_ns,
            end_ns: match end_ns {
                Some(end) => end,
                None if seen.end_ns > 0 => seen.end_ns,
                None => now_ns()?,
            },
            calls: u64::from(seen.made),
            errno: seen.error,
            answer,
        })
    }

    /// Whether the state came to be as wanted before the deadline.
    fn wait(&self, deadline: Instant, wanted: impl Fn(State) -> bool) -> Result<bool> {
        loop {
            if wanted(self.layout.read()?.state) {
                return Ok(true);
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            sleep(GLANCE);
        }
    }

    /// Takes an order back that nobody took. True when somebody did in this moment.
    fn withdrawn(&self) -> Result<bool> {
        self.layout.order(0)?;
        sleep(GLANCE * 20);
        Ok(self.layout.read()?.state != State::Idle)
    }
}
