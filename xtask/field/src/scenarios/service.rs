//! What a service of the suite is: a real program, how it is started and stopped, what its benign
//! life looks like.

mod careless;
pub mod nginx;
pub mod openssh;
pub mod postgresql;
pub mod python;
pub mod redis;
pub mod shell;
mod wrk;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use nix::sys::signal::Signal;

use super::attack::Attack;
use super::marks::Aim;
use super::package;
use super::sandbox::Sandbox;
use super::tool::{Running, find, run};

/// Which build of the service's program runs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Build {
    /// The one that is learned.
    Learned,
    /// The one after the upgrade, never learned.
    Other,
}

/// Which load a service is put under.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Load {
    /// The kind that is learned.
    Learned,
    /// Another kind, never learned.
    Other,
    /// The learned kind by many more clients at once, where it has such.
    Burst,
}

/// A service. Its files, ports and settings are made by its constructor, outside of what is
/// watched.
pub trait Service: Send + Sync {
    /// The word that chooses it on the command line.
    fn name(&self) -> &'static str;

    /// Its program, as it is learned and after the upgrade.
    fn builds(&self) -> &Builds;

    /// Which of its processes an attack comes from.
    fn aim(&self) -> Aim;

    /// Starts it in the sandbox's cgroup and waits until it answers.
    ///
    /// # Errors
    /// It does not.
    fn start(&mut self, sandbox: &Sandbox, build: Build) -> Result<()>;

    /// Stops it as its package would, and waits until it is gone.
    fn stop(&mut self, sandbox: &Sandbox);

    /// Has it read its changed configuration again.
    ///
    /// # Errors
    /// It cannot be asked.
    fn reload(&mut self, sandbox: &Sandbox) -> Result<()>;

    /// Rotates its log, as logrotate would.
    ///
    /// # Errors
    /// The log cannot be moved, or the service not be told.
    fn rotate(&mut self, sandbox: &Sandbox) -> Result<()>;

    /// Sends it what it refuses, slowly too, as careless clients do.
    ///
    /// # Errors
    /// It cannot be reached, or the user asks to stop.
    fn annoy(&self, sandbox: &Sandbox, time: Duration) -> Result<()>;

    /// Looks at it once as its administrator does: status pages, queries by its own client.
    ///
    /// # Errors
    /// It cannot be asked.
    fn look(&self, sandbox: &Sandbox) -> Result<()>;

    /// Has it touch things that it never touched, as its users may on any day: files under new
    /// names, new tables, its own files replaced by others of the same path. `turn` numbers them.
    ///
    /// # Errors
    /// It does not do what is asked of it.
    fn touch_new(&mut self, sandbox: &Sandbox, turn: u32) -> Result<()>;

    /// Its key, or its configuration where it has no key: a file that it reads itself.
    fn secret(&self, sandbox: &Sandbox) -> PathBuf;

    /// Whether its application lends itself to an attack by files: [`Service::misuse`].
    fn lends_itself(&self) -> bool {
        false
    }

    /// Has its application read and write files for one who can talk to it, and nothing more.
    ///
    /// # Errors
    /// It has no way to do so, or refuses it.
    fn misuse(&self, _: &Sandbox) -> Result<Misuse> {
        anyhow::bail!("{} has no way to files", self.name())
    }

    /// Attacks that leave no trace in its calls, as it makes the same calls on the same things all
    /// day, and how that comes.
    fn traceless(&self) -> &'static [(Attack, &'static str)] {
        &[]
    }

    /// Puts it under load for a time. That it fails under an attack is no error.
    ///
    /// # Errors
    /// The load cannot be started, or the user asks to stop.
    fn load(&self, sandbox: &Sandbox, load: Load, seed: u64, time: Duration) -> Result<()>;
}

/// What an application did that was misused.
#[derive(Clone, Debug)]
pub struct Misuse {
    /// The process that did it, or from which those descend that did.
    pub process: u32,
    /// What came of it, in words.
    pub answer: String,
}

/// Makes a service, ready to be started.
pub type Make = fn(&Sandbox) -> Result<Box<dyn Service>>;

/// All services of the suite, by name, with what must be installed.
pub const ALL: [(&str, &[&str], Make); 6] = [
    ("nginx", nginx::NEEDS, nginx::make),
    ("redis", redis::NEEDS, redis::make),
    ("postgresql", postgresql::NEEDS, postgresql::make),
    ("sshd", openssh::NEEDS, openssh::make),
    ("python", python::NEEDS, python::make),
    ("shell", shell::NEEDS, shell::make),
];

/// Where a program is that a service cannot do without.
///
/// # Errors
/// It is not installed; the error names the package.
pub fn needed(program: &str, package: &str) -> Result<PathBuf> {
    find(program).with_context(|| {
        format!("{program} is not installed: apt-get install --no-install-recommends {package}")
    })
}

/// The program of a service and, where it can be had, the same of another version of its package.
#[derive(Debug)]
pub struct Builds {
    learned: PathBuf,
    learned_version: String,
    other: Result<(PathBuf, String)>,
}

impl Builds {
    /// The installed `program`, and the one at `inside` another version of the package.
    pub fn of(program: PathBuf, package: &str, inside: &Path) -> Self {
        let learned_version = package::installed(package).unwrap_or_else(|| "unknown".to_owned());
        let other = package::other(package, inside);
        Self {
            learned: program,
            learned_version,
            other,
        }
    }

    /// A program and another that stands for its upgrade.
    pub fn pair(learned: (PathBuf, String), other: (PathBuf, String)) -> Self {
        Self {
            learned: learned.0,
            learned_version: learned.1,
            other: Ok(other),
        }
    }

    /// Copies the other build's program to a place where the service's user can run it, under the
    /// name that it goes by.
    ///
    /// # Errors
    /// It cannot be copied.
    pub fn copy_other(&mut self, to: PathBuf) -> Result<()> {
        if let Ok((path, _)) = &mut self.other {
            fs::copy(&*path, &to).with_context(|| format!("cannot write {}", to.display()))?;
            *path = to;
        }
        Ok(())
    }

    /// The same for one that needs the rest of its package: copies the whole package, in which it
    /// is the program `inside`.
    ///
    /// # Errors
    /// It cannot be copied.
    pub fn copy_other_package(&mut self, to: &Path, inside: &Path) -> Result<()> {
        if let Ok((path, _)) = &mut self.other {
            let root = path.ancestors().nth(inside.components().count());
            let mut copy = Command::new("cp");
            copy.arg("-r")
                .arg(root.context("a package's folder")?)
                .arg(to);
            ensure!(
                run(&mut copy, Duration::from_secs(60))?,
                "cannot write {}",
                to.display()
            );
            *path = to.join(inside);
        }
        Ok(())
    }

    /// The program of a build.
    ///
    /// # Errors
    /// The other build is not to be had.
    pub fn program(&self, build: Build) -> Result<&Path> {
        match (build, &self.other) {
            (Build::Learned, _) => Ok(&self.learned),
            (Build::Other, Ok((path, _))) => Ok(path),
            (Build::Other, Err(why)) => anyhow::bail!("{why:#}"),
        }
    }

    /// The learned version.
    pub fn version(&self) -> String {
        self.learned_version.clone()
    }

    /// The version of the other build.
    ///
    /// # Errors
    /// It is not to be had.
    pub fn other_version(&self) -> Result<String> {
        match &self.other {
            Ok((_, version)) => Ok(version.clone()),
            Err(why) => anyhow::bail!("{why:#}"),
        }
    }
}

/// Puts a file of the same content in the place of another, as a package's update does.
///
/// # Errors
/// It cannot be copied.
fn replaced(path: &Path) -> Result<()> {
    let new = path.with_extension("new");
    // As `cp -p`: the owner and the rights are those of before.
    let mut copy = Command::new("cp");
    copy.arg("-p").args([path, &new]);
    ensure!(
        run(&mut copy, Duration::from_secs(10))?,
        "cannot copy {}",
        path.display()
    );
    fs::rename(&new, path).with_context(|| format!("cannot replace {}", path.display()))
}

/// Ends a service's first process by a signal, and all that is left after a while.
fn end(running: &mut Option<Running>, sandbox: &Sandbox, signal: Signal) {
    if let Some(running) = running.take() {
        running.signal(signal);
        sandbox.cgroup().drain(Duration::from_secs(5));
    }
}

/// Tells a service's first process something.
fn tell(running: Option<&Running>, signal: Signal) -> Result<()> {
    running.context("the service does not run")?.signal(signal);
    Ok(())
}
