//! Looks up whose a process or a cgroup is.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;

use super::of_place::of_place;
use super::{Identity, OwnCgroup};
use crate::service::cgroup::Place;
use crate::service::host::{self, Host};
use crate::service::key::Key;

/// How the services of a host are told apart.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rules {
    /// Whether a user's systemd units are services of their own; else they are all of
    /// `user@UID.service`.
    pub user_units: bool,
}

/// Ancestors that are looked at for the root of a process tree.
const DEEPEST: usize = 64;

/// Cgroups whose identity is remembered.
const MOST_CACHED: usize = 4096;

/// The parent of all kernel threads.
const KTHREADD: u32 = 2;

/// Looks up identities.
#[derive(Debug)]
pub struct Lookup {
    host: Host,
    rules: Rules,
    /// By the text of `/proc/PID/cgroup`: what its container or unit is.
    known: HashMap<Vec<u8>, Option<Identity>>,
}

impl Lookup {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(host: Host, rules: Rules) -> Self {
        Self {
            host,
            rules,
            known: HashMap::new(),
        }
    }

    /// The host whose files it reads.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Forgets what it knows: files may tell more now.
    pub fn forget(&mut self) {
        self.known.clear();
    }

    /// Whose process `pid` is; `None` for one that is gone, is the kernel's, or is of a login
    /// session.
    pub fn of_process(&mut self, pid: u32) -> Option<Identity> {
        let bytes = host::read_proc(&self.host.process(pid, "cgroup")).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let found = self.of_file(pid, &bytes, &text)?;
        // Looked at every time: a cgroup that was made anew has another id.
        let path = text.lines().find_map(|line| line.strip_prefix("0::"));
        let cgroup = path.and_then(|path| self.own_cgroup(path));
        let cgroup = cgroup.filter(|_| found.unit.is_some() || found.container_id.is_some());
        Some(Identity { cgroup, ..found })
    }

    fn own_cgroup(&self, path: &str) -> Option<OwnCgroup> {
        let front = Place::front(path, self.rules.user_units)?;
        Some(OwnCgroup {
            id: self.host.cgroup_id(front)?,
            path: front.to_owned(),
        })
    }

    fn of_file(&mut self, pid: u32, bytes: &[u8], text: &str) -> Option<Identity> {
        if let Some(Some(known)) = self.known.get(bytes) {
            return Some(known.clone());
        }
        let place = Place::of_file(text);
        if place.session && place.container.is_none() {
            return None;
        }
        // An executable is not its cgroup's: another one may be there too.
        let Some(found) = of_place(&self.host, self.rules, &place) else {
            return self.of_executable(pid);
        };
        if self.known.len() >= MOST_CACHED {
            self.known.clear();
        }
        // A runtime writes its files about when the first process begins: what is not known yet is
        // looked up again.
        if found.container_id.is_none() || found.container.is_some() {
            self.known.insert(bytes.to_vec(), Some(found.clone()));
        }
        Some(found)
    }

    /// The identity of whatever runs in the cgroup at `path` of the hierarchy, if the path alone
    /// tells it.
    pub fn of_cgroup(&mut self, path: &str) -> Option<Identity> {
        let found = of_place(&self.host, self.rules, &Place::of_path(path))?;
        Some(Identity {
            cgroup: self.own_cgroup(path),
            ..found
        })
    }

    fn of_executable(&self, pid: u32) -> Option<Identity> {
        let root = self.root(pid)?;
        let path = std::fs::read_link(self.host.process(root, "exe")).ok()?;
        let path = path.as_os_str().as_bytes();
        // Its file was replaced; it runs on.
        let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
        Some(Identity::of(Key::executable(path)))
    }

    /// The ancestor of a process that the first process started; `None` for one of the kernel's.
    fn root(&self, pid: u32) -> Option<u32> {
        let mut pid = pid;
        for _ in 0..DEEPEST {
            if pid == KTHREADD {
                return None;
            }
            let parent = self.parent(pid)?;
            if parent <= 1 {
                return Some(pid);
            }
            pid = parent;
        }
        Some(pid)
    }

    fn parent(&self, pid: u32) -> Option<u32> {
        let stat = host::read_proc(&self.host.process(pid, "stat")).ok()?;
        // `PID (COMM) STATE PPID …`, and a name may hold anything.
        let end = stat.iter().rposition(|&byte| byte == b')')?;
        let rest = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
        rest.split_whitespace().nth(1)?.parse().ok()
    }
}
