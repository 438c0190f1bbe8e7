//! Which release of its software a service is: package, image, executable, ExecStart.

mod executable;

mod package;

mod unit;

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::host::{self, Host};
use super::identity::Identity;
use crate::run::process_status::ProcessStatus;
pub use executable::Executable;
use executable::executable;
use package::package_of;
use unit::exec_start;

/// What tells one release from another; each only where files tell it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Release {
    /// Versions of the packages whose executables it runs, by their names.
    pub packages: BTreeMap<String, String>,
    /// The container's image: its name, and what tells it from every other.
    pub image: Option<(String, String)>,
    /// The executables that it runs, by their escaped paths.
    pub executables: BTreeMap<String, Executable>,
    /// The unit's `ExecStart` lines.
    pub exec_start: Option<String>,
    /// The executable that was seen first.
    pub first: Option<String>,
}

/// Packages and executables that are remembered of a service.
const MOST_REMEMBERED: usize = 16;

impl Release {
    /// Reads the release of a service by one of its processes. `before` spares reading an
    /// executable that is the same file.
    #[must_use]
    pub fn read(host: &Host, identity: &Identity, pid: u32, before: Option<&Self>) -> Self {
        let in_container = identity.container_id.is_some();
        let link = host.process(pid, "exe");
        let path = std::fs::read_link(&link).ok();
        let mut release = Self::default();
        if let Some(path) = &path {
            let name = name(path);
            let known = before.and_then(|it| it.executables.get(&name));
            let found = executable(&link, user_of(host, pid), known);
            let same = found
                .as_ref()
                .zip(known)
                .is_some_and(|(found, known)| found.stamp == known.stamp);
            // The same file is of the same package.
            let kept = known.filter(|_| same).and_then(|it| it.package.as_ref());
            let package = match (kept, before) {
                (Some(kept), Some(before)) => {
                    let kept = before.packages.get_key_value(kept);
                    kept.map(|(name, version)| (name.clone(), version.clone()))
                }
                _ => package_of(host, path).filter(|_| !in_container),
            };
            let of = package.as_ref().map(|(name, _)| name.clone());
            let of = Some(of.unwrap_or_default());
            release.packages.extend(package);
            release.first = found.is_some().then(|| name.clone());
            let found = found.map(|it| (name, Executable { package: of, ..it }));
            release.executables.extend(found);
        }
        let digest = identity.digest.clone().or_else(|| identity.image.clone());
        release.image = digest.map(|it| (identity.image.clone().unwrap_or_default(), it));
        let unit = identity.unit.as_deref().filter(|_| !in_container);
        release.exec_start = unit.and_then(|unit| exec_start(host, unit));
        release
    }

    /// What changed from this release to a later one, in words; `None` when nothing that both know
    /// did. A program that was not run before is no other release, nor is one that its runner can
    /// write to.
    #[must_use]
    pub fn change(&self, later: &Self) -> Option<String> {
        if let (Some((name, old)), Some((_, new))) = (&self.image, &later.image) {
            let (old, new) = (short(old), short(new));
            return (old != new).then(|| format!("image {name}: {old} → {new}"));
        }
        for (name, old) in &self.packages {
            if let Some(new) = later.packages.get(name).filter(|&new| new != old) {
                return Some(format!("{name}: {old} → {new}"));
            }
        }
        if let (Some(old), Some(new)) = (&self.exec_start, &later.exec_start)
            && old != new
        {
            return Some("ExecStart of the unit".to_owned());
        }
        let other = self.executables.iter().find(|(path, old)| {
            let new = later.executables.get(*path);
            let is_told = |new: &&Executable| !old.is_own && !new.is_own;
            new.filter(is_told)
                .is_some_and(|new| match (&old.sha256, &new.sha256) {
                    (Some(old), Some(new)) => old != new,
                    _ => old.stamp != new.stamp,
                })
        });
        other.map(|(path, _)| format!("executable {path}"))
    }

    /// The release in a few words.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let image = self
            .image
            .as_ref()
            .map(|(name, digest)| match name.is_empty() {
                true => short(digest),
                false => name.clone(),
            });
        let main = self.main();
        let package = || {
            let known = main.and_then(|it| self.packages.get_key_value(it.package.as_ref()?));
            let (name, version) = known.or_else(|| self.packages.iter().next())?;
            Some(format!("{name} {version}"))
        };
        let hash = || Some(short(main?.sha256.as_ref()?));
        image.or_else(package).or_else(hash)
    }

    /// The executable that the service is: that of its `ExecStart`, else the one that was seen
    /// first. Others are what it runs.
    fn main(&self) -> Option<&Executable> {
        let started = self.exec_start.as_deref().unwrap_or_default();
        let programs = started.lines().filter_map(|line| {
            let line = line.strip_prefix("ExecStart=")?;
            // What stands before the path says how it is started (systemd.service(5)).
            line.trim_start_matches(['@', '-', ':', '+', '!', '|'])
                .split_whitespace()
                .next()
        });
        let mut known = programs.filter_map(|it| self.executables.get(it));
        let first = || self.executables.get(self.first.as_ref()?);
        known
            .next_back()
            .or_else(first)
            .or_else(|| self.executables.values().next())
    }

    /// Takes over what a later look at the same release tells; `more` also programs that were not
    /// run before, as while the service is learned: what it is made to run later is none of it.
    pub fn take_up(&mut self, later: Self, more: bool) {
        for (name, version) in later.packages {
            let has_room = more && self.packages.len() < MOST_REMEMBERED;
            if has_room || self.packages.contains_key(&name) {
                self.packages.insert(name, version);
            }
        }
        for (path, it) in later.executables {
            let has_room = more && self.executables.len() < MOST_REMEMBERED;
            if has_room || self.executables.contains_key(&path) {
                self.executables.insert(path, it);
            }
        }
        self.image = later.image.or(self.image.take());
        self.exec_start = later.exec_start.or(self.exec_start.take());
        self.first = self.first.take().or(later.first);
    }
}

/// The effective user of a process.
fn user_of(host: &Host, pid: u32) -> Option<u32> {
    let status = host::read_proc(&host.process(pid, "status")).ok()?;
    ProcessStatus::from(status).number("Uid", 1)
}

/// A path as it is kept.
fn name(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = path.strip_suffix(" (deleted)").unwrap_or(&path);
    path.escape_debug().take(512).collect()
}

fn short(digest: &str) -> String {
    let digest = digest.rsplit_once(':').map_or(digest, |(_, hex)| hex);
    digest.chars().take(12).collect()
}

#[cfg(test)]
mod tests;
