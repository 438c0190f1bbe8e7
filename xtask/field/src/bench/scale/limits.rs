//! Whether this host lets a process have so many threads.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use monitor::run::process_cgroups::{Place, places};
use nix::sys::resource::{Resource, getrlimit};
use procfs::{Current as _, LoadAverage};

/// Memory areas of a thread: its stack and its signal stack, each with a guard page.
const AREAS: u64 = 4;

/// A limit of the host.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Limit {
    /// How a user finds it.
    name: String,
    allowed: u64,
    /// What is in use of it.
    used: u64,
    /// What a thread takes of it.
    each: u64,
}

/// Refuses threads that the host would not start.
///
/// # Errors
/// Names the limits that are too low.
pub fn check(threads: u64) -> Result<()> {
    let short: Vec<_> = limits()
        .iter()
        .filter_map(|limit| limit.lacks(threads))
        .collect();
    if !short.is_empty() {
        bail!("{threads} threads cannot be started: {}", short.join("; "));
    }
    Ok(())
}

impl Limit {
    /// What is wrong with it for so many more threads.
    fn lacks(&self, threads: u64) -> Option<String> {
        let needed = threads.saturating_mul(self.each).saturating_add(self.used);
        (needed > self.allowed).then(|| {
            format!(
                "{} is {}, and {needed} are needed ({} are in use)",
                self.name, self.allowed, self.used
            )
        })
    }
}

fn limits() -> Vec<Limit> {
    let running = running();
    let mut limits = Vec::new();
    // Tasks of all users take ids of one space.
    for name in ["/proc/sys/kernel/threads-max", "/proc/sys/kernel/pid_max"] {
        limits.extend(number(Path::new(name)).map(|allowed| Limit {
            name: name.to_owned(),
            allowed,
            used: running,
            each: 1,
        }));
    }
    let areas = "/proc/sys/vm/max_map_count";
    limits.extend(number(Path::new(areas)).map(|allowed| Limit {
        name: areas.to_owned(),
        allowed,
        used: 1000,
        each: AREAS,
    }));
    // The first user of the host is not held to it (copy_process in the kernel's kernel/fork.c).
    if !nix::unistd::geteuid().is_root()
        && let Ok((allowed, _)) = getrlimit(Resource::RLIMIT_NPROC)
    {
        limits.push(Limit {
            name: "`ulimit -u`".to_owned(),
            allowed,
            used: 0,
            each: 1,
        });
    }
    let groups = fs::read("/proc/self/cgroup").unwrap_or_default();
    for folder in folders(&groups) {
        // `max` is no number and no limit.
        limits.extend(number(&folder.join("pids.max")).map(|allowed| Limit {
            name: folder.join("pids.max").display().to_string(),
            allowed,
            used: number(&folder.join("pids.current")).unwrap_or(0),
            each: 1,
        }));
    }
    limits
}

/// Tasks of the host.
fn running() -> u64 {
    LoadAverage::current().map_or(0, |it| it.max.into())
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// The folders of this process' cgroup and of those above it that may limit its tasks, from
/// `/proc/self/cgroup`, of either version (cgroups(7)).
fn folders(groups: &[u8]) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    for Place { controllers, path } in places(groups) {
        let root = match controllers {
            b"" => "/sys/fs/cgroup",
            b"pids" => "/sys/fs/cgroup/pids",
            _ => continue,
        };
        let path = path.strip_prefix("/").unwrap_or(path);
        folders.extend(path.ancestors().map(|part| Path::new(root).join(part)));
    }
    folders
}

#[cfg(test)]
mod tests {
    use super::{Limit, folders};

    #[test]
    fn a_limit_that_is_too_low_is_named() {
        let limit = Limit {
            name: "pids.max".to_owned(),
            allowed: 10_000,
            used: 300,
            each: 1,
        };
        let told = limit.lacks(10_000).expect("too low");
        assert!(told.contains("pids.max is 10000") && told.contains("10300"));
        assert_eq!(limit.lacks(9_700), None);
    }

    #[test]
    fn the_groups_above_count_too() {
        let found = folders(b"9:name=systemd:/\n8:pids:/a/b\n4:memory:/c\n0::/d\n");
        let shown: Vec<_> = found.iter().map(|it| it.display().to_string()).collect();
        let expected = [
            "/sys/fs/cgroup/pids/a/b",
            "/sys/fs/cgroup/pids/a",
            "/sys/fs/cgroup/pids/",
            "/sys/fs/cgroup/d",
            "/sys/fs/cgroup/",
        ];
        assert_eq!(shown, expected);
    }
}
