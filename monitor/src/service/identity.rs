//! Who a process' service is.
//!
//! A container is a service, else a systemd unit, else the executable at the root of the process' tree. What is in
//! somebody's login session is none. Files are read here: at the first sight of a process, and at alarm time, never for
//! a call.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;

use super::cgroup::{Container, Place};
use super::host::{self, Host};
use super::key::Key;
use super::names::{self, Names, PodName};

/// Who a service is, as far as files tell.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// Its key.
    pub key: Key,
    /// Its systemd unit.
    pub unit: Option<String>,
    /// Its container's short id.
    pub container_id: Option<String>,
    /// The innermost container's short id, of a container in a container.
    pub inner_id: Option<String>,
    /// Its container's name; `None` where it has none or no file tells it.
    pub container: Option<String>,
    /// The image.
    pub image: Option<String>,
    /// What tells the image from every other.
    pub digest: Option<String>,
    /// The pod.
    pub pod: Option<PodName>,
    /// The cgroup by which it is told from the others, in which all of it is.
    pub cgroup: Option<OwnCgroup>,
}

/// A service's own cgroup of version 2.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnCgroup {
    /// Its path in the hierarchy, as `/proc` shows it.
    pub path: String,
    /// Its id, which another one at the same path does not have.
    pub id: u64,
}

/// How the services of a host are told apart.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rules {
    /// Whether a user's systemd units are services of their own; else they are all of `user@UID.service`.
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

    /// Whose process `pid` is; `None` for one that is gone, is the kernel's, or is of a login session.
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
        // A runtime writes its files about when the first process begins: what is not known yet is looked up again.
        if found.container_id.is_none() || found.container.is_some() {
            self.known.insert(bytes.to_vec(), Some(found.clone()));
        }
        Some(found)
    }

    /// The identity of whatever runs in the cgroup at `path` of the hierarchy, if the path alone tells it.
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

impl Identity {
    /// Of a service that nothing but its key is known of.
    #[must_use]
    pub const fn of(key: Key) -> Self {
        Self {
            key,
            unit: None,
            container_id: None,
            inner_id: None,
            container: None,
            image: None,
            digest: None,
            pod: None,
            cgroup: None,
        }
    }

    /// Whether it is a container. Its cgroup's path has the id of one life of it; any other's is made anew at the same path
    /// when it is started again.
    #[must_use]
    pub const fn is_container(&self) -> bool {
        self.container_id.is_some()
    }

    /// Whether its container's files may tell more a moment later.
    #[must_use]
    pub const fn is_unnamed(&self) -> bool {
        self.container_id.is_some() && self.container.is_none()
    }
}

/// Whose place it is, without its executable.
fn of_place(host: &Host, rules: Rules, place: &Place) -> Option<Identity> {
    if let Some(container) = &place.container
        && let Some(identity) = of_container(host, place, container)
    {
        return Some(identity);
    }
    let unit = place.unit.clone()?;
    let key = match &place.user_unit {
        Some((uid, name)) if rules.user_units => Key::user_unit(*uid, name),
        _ => Key::unit(&unit),
    };
    Some(Identity {
        unit: Some(unit),
        ..Identity::of(key)
    })
}

fn of_container(host: &Host, place: &Place, container: &Container) -> Option<Identity> {
    let mut names = names::of(host, container);
    if container.doubtful && names.is_none() {
        return None;
    }
    if let Some(uid) = &place.pod
        && names.as_ref().is_none_or(|it| it.pod.is_none())
    {
        names = names::of_pod(host, uid).or(names);
    }
    let Names {
        name,
        image,
        digest,
        pod,
        workload,
    } = names.unwrap_or_default();
    let short = container.short_id();
    let shown = name.as_deref().unwrap_or(short);
    // Replicas are one service, as they are one program with one configuration: what one does is learned for all.
    let key = match &pod {
        Some(pod) => Key::pod(&pod.namespace, &pod.workload, shown),
        None => Key::container(workload.as_deref().unwrap_or(shown)),
    };
    Some(Identity {
        unit: place.unit.clone(),
        container_id: Some(short.to_owned()),
        inner_id: place.inner.as_ref().map(|it| it.short_id().to_owned()),
        container: name,
        image,
        digest,
        pod,
        ..Identity::of(key)
    })
}

#[cfg(test)]
mod tests {
    use super::{Identity, Lookup, Rules};
    use crate::service::host::Host;
    use crate::service::key::Key;

    const ID: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";

    /// A host with processes of these numbers: parent, cgroup.
    fn host(processes: &[(u32, u32, &str)]) -> (tempfile::TempDir, Host) {
        let folder = tempfile::tempdir().expect("a folder");
        let host = Host::at(folder.path());
        std::fs::create_dir_all(host.path("/proc/self")).expect("made");
        for &(pid, parent, cgroup) in processes {
            let at = host.path(format!("/proc/{pid}"));
            std::fs::create_dir_all(&at).expect("made");
            let stat = format!("{pid} (a) b (c)) S {parent} 1 1");
            std::fs::write(at.join("stat"), stat).expect("written");
            std::fs::write(at.join("cgroup"), cgroup.replace("ID", ID)).expect("written");
            let program = format!("/usr/bin/program-{pid}");
            std::os::unix::fs::symlink(program, at.join("exe")).expect("linked");
        }
        (folder, host)
    }

    fn key(host: &Host, pid: u32) -> Option<String> {
        let mut lookup = Lookup::new(host.clone(), Rules::default());
        lookup.of_process(pid).map(|it| it.key.to_string())
    }

    #[test]
    fn a_process_is_of_its_container_its_unit_or_its_trees_root() {
        let (_folder, host) = host(&[
            (10, 1, "0::/system.slice/nginx.service\n"),
            (11, 10, "0::/docker/ID\n"),
            (20, 1, "0::/\n"),
            (21, 20, "0::/\n"),
            (22, 21, "0::/\n"),
            (30, 1, "0::/user.slice/user-0.slice/session-1.scope\n"),
            (2, 0, "0::/\n"),
            (40, 2, "0::/\n"),
        ]);
        assert_eq!(key(&host, 10).as_deref(), Some("unit:nginx.service"));
        assert_eq!(key(&host, 11).as_deref(), Some("container:3ad7b26ded6d"));
        for pid in [20, 21, 22] {
            assert_eq!(key(&host, pid).as_deref(), Some("exe:/usr/bin/program-20"));
        }
        assert_eq!(key(&host, 30), None, "a login session");
        assert_eq!(key(&host, 40), None, "a thread of the kernel");
        assert_eq!(key(&host, 99), None, "no such process");
    }

    #[test]
    fn a_containers_name_is_taken_up_when_its_file_comes() {
        let (_folder, host) = host(&[(11, 1, "0::/docker/ID\n")]);
        let mut lookup = Lookup::new(host.clone(), Rules::default());
        let before = lookup.of_process(11).expect("it runs");
        assert_eq!(before.container, None);
        let folder = host.path(format!("/var/lib/docker/containers/{ID}"));
        std::fs::create_dir_all(&folder).expect("made");
        std::fs::write(folder.join("config.v2.json"), r#"{"Name":"/web"}"#).expect("written");
        let after = lookup.of_process(11).expect("it runs");
        assert_eq!(after.key, Key::container("web"));
        assert_eq!(after.container_id.as_deref(), Some("3ad7b26ded6d"));
    }

    #[test]
    fn replicas_are_one_service_each_with_its_own_name() {
        let other = ID.replace('3', "4");
        let (_folder, host) = host(&[
            (11, 1, "0::/docker/ID\n"),
            (12, 1, &format!("0::/docker/{other}\n")),
        ]);
        for (id, name) in [(ID, "shop-web-1"), (&other, "shop-web-2")] {
            let folder = host.path(format!("/var/lib/docker/containers/{id}"));
            std::fs::create_dir_all(&folder).expect("made");
            let labels =
                r#"{"com.docker.compose.project":"shop","com.docker.compose.service":"web"}"#;
            let text = format!(r#"{{"Name":"/{name}","Config":{{"Labels":{labels}}}}}"#);
            std::fs::write(folder.join("config.v2.json"), text).expect("written");
        }
        let mut lookup = Lookup::new(host, Rules::default());
        for (pid, name) in [(11, "shop-web-1"), (12, "shop-web-2")] {
            let found = lookup.of_process(pid).expect("it runs");
            assert_eq!(found.key, Key::container("shop/web"));
            assert_eq!(found.container.as_deref(), Some(name));
        }
    }

    #[test]
    fn users_units_are_services_when_that_is_asked() {
        let path = "/user.slice/user-7.slice/user@7.service/app.slice/sync.service";
        let (_folder, host) = host(&[]);
        let of = |user_units| {
            let mut lookup = Lookup::new(host.clone(), Rules { user_units });
            lookup.of_cgroup(path).map(|it: Identity| it.key)
        };
        assert_eq!(of(false), Some(Key::unit("user@7.service")));
        assert_eq!(of(true), Some(Key::user_unit(7, "sync.service")));
    }

    #[test]
    fn a_pod_without_files_of_its_runtime_is_named_by_its_logs() {
        let uid = "04e4ce3e-cf1d-4ac4-9b3d-3a8a8b9ae0b5";
        let (_folder, host) = host(&[]);
        let log = host.path(format!("/var/log/pods/shop_web_{uid}/nginx"));
        std::fs::create_dir_all(log).expect("made");
        let path = format!("/kubepods/burstable/pod{uid}/{ID}");
        let found = Lookup::new(host, Rules::default()).of_cgroup(&path);
        assert_eq!(
            found.map(|it| it.key),
            Some(Key::pod("shop", "web", "nginx"))
        );
    }
}
