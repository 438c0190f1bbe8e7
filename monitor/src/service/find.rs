//! The cgroup of a unit, a container or a pod that a person names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::cgroup::Place;
use super::host::Host;
use super::names;

/// Folders of the hierarchy that are looked at.
const MOST_FOLDERS: usize = 65_536;

/// Who is looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    /// A systemd unit, by its name with or without `.service`.
    Unit,
    /// A container, by its name or the beginning of its id.
    Container,
    /// A Kubernetes pod, by its name, with or without its namespace in front, or by its uid.
    Pod,
}

impl Wanted {
    /// What it is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Container => "container",
            Self::Pod => "pod",
        }
    }
}

/// Why nobody was found.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum FindError {
    /// No hierarchy of version 2 is mounted.
    #[error("no cgroups of version 2 are mounted on this host, by which a {0} could be told")]
    NoHierarchy(&'static str),
    /// Nobody of that name runs.
    #[error("no {kind} {name} runs; there are: {known}")]
    None {
        /// What was looked for.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Several fit.
    #[error("{kind} {name} may be any of {fitting}: say which one")]
    Several {
        /// What was looked for.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Those that fit.
        fitting: String,
    },
}

/// Names that are told in an error.
const MOST_TOLD: usize = 20;

/// The cgroup folder of the unit, container or pod that `name` means.
///
/// # Errors
/// When none runs by that name, or several do.
pub fn cgroup_of(host: &Host, wanted: Wanted, name: &str) -> Result<PathBuf, FindError> {
    let kind = wanted.name();
    let root = host.cgroups().ok_or(FindError::NoHierarchy(kind))?;
    let mut known = BTreeMap::new();
    let mut fitting = BTreeMap::new();
    for folder in folders(&root) {
        let Ok(below) = folder.strip_prefix(&root) else {
            continue;
        };
        let path = format!("/{}", below.to_string_lossy());
        let Some((front, names)) = named(host, wanted, &path) else {
            continue;
        };
        let at = root.join(front.trim_start_matches('/'));
        if names.iter().any(|it| it == name) || is_id(wanted, &names, name) {
            fitting.insert(at.clone(), names[0].clone());
        }
        known.insert(at, names[0].clone());
    }
    let listed = |of: &BTreeMap<PathBuf, String>| {
        let mut told: Vec<_> = of.values().take(MOST_TOLD).cloned().collect();
        if of.len() > MOST_TOLD {
            told.push(format!("{} more", of.len() - MOST_TOLD));
        }
        if told.is_empty() {
            told.push("none".to_owned());
        }
        told.join(", ")
    };
    let name = name.escape_debug().to_string();
    match fitting.len() {
        0 => Err(FindError::None {
            kind,
            name,
            known: listed(&known),
        }),
        1 => Ok(fitting.into_keys().next().unwrap_or_default()),
        _ => Err(FindError::Several {
            kind,
            name,
            fitting: listed(&fitting),
        }),
    }
}

/// The beginning of an id is enough, as the engines have it.
fn is_id(wanted: Wanted, names: &[String], name: &str) -> bool {
    wanted == Wanted::Container
        && name.len() >= 6
        && name.bytes().all(|it| it.is_ascii_hexdigit())
        && names.last().is_some_and(|id| id.starts_with(name))
}

/// Whose cgroup is at `path`: the front of the path that is its own, and every name that means it.
/// Of a container the last name is its id.
fn named<'a>(host: &Host, wanted: Wanted, path: &'a str) -> Option<(&'a str, Vec<String>)> {
    let place = Place::of_path(path);
    match wanted {
        Wanted::Unit => {
            let unit = place.unit.filter(|_| place.container.is_none())?;
            let short = unit.strip_suffix(".service").map(str::to_owned);
            let names = [unit].into_iter().chain(short).collect();
            Some((Place::front(path, false)?, names))
        }
        Wanted::Container => {
            let container = place.container?;
            let names = names::of(host, &container);
            if container.doubtful && names.is_none() {
                return None;
            }
            let name = names.and_then(|it| it.name);
            let names = name.into_iter().chain([container.id]).collect();
            Some((Place::front(path, false)?, names))
        }
        Wanted::Pod => {
            let uid = place.pod?;
            let of_container = place.container.and_then(|it| names::of(host, &it));
            let named = of_container.filter(|it| it.pod.is_some());
            let pod = named.or_else(|| names::of_pod(host, &uid))?.pod?;
            let whole = format!("{}/{}", pod.namespace, pod.name);
            Some((pod_front(path, &uid)?, vec![whole, pod.name, uid]))
        }
    }
}

/// The shortest front of a path that is of a pod.
fn pod_front<'a>(path: &'a str, uid: &str) -> Option<&'a str> {
    let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
    let mut fronts = ends.chain([path.len()]).map(|end| &path[..end]);
    fronts.find(|front| Place::of_path(front).pod.as_deref() == Some(uid))
}

/// The folders of a hierarchy, the upper ones first.
fn folders(root: &Path) -> Vec<PathBuf> {
    let mut found = vec![root.to_path_buf()];
    let mut at = 0;
    while at < found.len() && found.len() < MOST_FOLDERS {
        let entries = fs::read_dir(&found[at]).into_iter().flatten().flatten();
        let folders = entries.filter(|it| it.file_type().is_ok_and(|kind| kind.is_dir()));
        found.extend(folders.map(|it| it.path()).take(MOST_FOLDERS));
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{FindError, Wanted, cgroup_of};
    use crate::service::host::Host;

    const ID: &str = "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e";
    const POD: &str = "04e4ce3e-cf1d-4ac4-9b3d-3a8a8b9ae0b5";

    fn host() -> (tempfile::TempDir, Host) {
        let folder = tempfile::tempdir().expect("a folder");
        let host = Host::at(folder.path());
        let make = |path: &str| std::fs::create_dir_all(host.path(path)).expect("made");
        make("/sys/fs/cgroup/system.slice/nginx.service/workers");
        make("/sys/fs/cgroup/system.slice/cron.service");
        make(&format!(
            "/sys/fs/cgroup/system.slice/docker-{ID}.scope/init.scope"
        ));
        make(&format!(
            "/sys/fs/cgroup/kubepods/burstable/pod{POD}/{}",
            ID.replace('3', "4")
        ));
        make(&format!("/var/log/pods/shop_web_{POD}/nginx"));
        make(&format!("/var/lib/docker/containers/{ID}"));
        let write =
            |path: &str, text: &str| std::fs::write(host.path(path), text).expect("written");
        write("/sys/fs/cgroup/cgroup.controllers", "");
        write(
            &format!("/var/lib/docker/containers/{ID}/config.v2.json"),
            r#"{"Name":"/shop"}"#,
        );
        (folder, host)
    }

    #[test]
    fn whoever_is_named_is_found_by_any_of_its_names() {
        let (_folder, host) = host();
        let of = |wanted, name: &str| {
            let found = cgroup_of(&host, wanted, name).expect("it runs");
            let root = host.path("/sys/fs/cgroup");
            found
                .strip_prefix(root)
                .expect("below")
                .display()
                .to_string()
        };
        for name in ["nginx", "nginx.service"] {
            assert_eq!(of(Wanted::Unit, name), "system.slice/nginx.service");
        }
        for name in ["shop", ID, &ID[..12]] {
            let at = format!("system.slice/docker-{ID}.scope");
            assert_eq!(of(Wanted::Container, name), at);
        }
        for name in ["web", "shop/web", POD] {
            let at = format!("kubepods/burstable/pod{POD}");
            assert_eq!(of(Wanted::Pod, name), at);
        }
    }

    #[test]
    fn who_does_not_run_is_told_beside_those_who_do() {
        let (_folder, host) = host();
        let error = cgroup_of(&host, Wanted::Unit, "sshd").expect_err("it does not run");
        assert_eq!(
            error.to_string(),
            "no unit sshd runs; there are: cron.service, nginx.service"
        );
        let empty = tempfile::tempdir().expect("a folder");
        let error = cgroup_of(&Host::at(empty.path()), Wanted::Pod, "web");
        assert_eq!(error, Err(FindError::NoHierarchy("pod")));
    }
}
