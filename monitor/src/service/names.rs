//! A container's name, image and pod, from the files that its runtime leaves: no socket is asked.

mod docker;
mod oci;
mod podman;

use std::path::PathBuf;

use super::cgroup::{Container, Runtime};
use super::host::{Host, is_component};

/// What files tell of a container.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Names {
    /// Its name.
    pub name: Option<String>,
    /// The image's name with its tag.
    pub image: Option<String>,
    /// What tells one image from every other: a digest or an id.
    pub digest: Option<String>,
    /// The pod that it is of.
    pub pod: Option<PodName>,
    /// What it is a replica of, `PROJECT/SERVICE` of Compose or the service of Swarm, where a label
    /// tells.
    pub workload: Option<String>,
}

/// A pod.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PodName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The name of what made it, where a label tells; else the pod's own.
    pub workload: String,
    /// Its uid.
    pub uid: Option<String>,
}

/// Characters of a name that are kept.
const LONGEST: usize = 256;

/// Containers of a pod's log folder that are looked at.
const MOST_LOGS: usize = 64;

/// What the files of `host` tell of `container`; `None` where none of them knows it.
#[must_use]
pub fn of(host: &Host, container: &Container) -> Option<Names> {
    let id = &container.id;
    if !is_component(id.as_ref()) {
        return None;
    }
    match container.runtime {
        Runtime::Docker => docker::read(host, id).or_else(|| containerd(host, "moby", id)),
        Runtime::Podman | Runtime::Crio => podman::read(host, id),
        Runtime::Containerd => containerd(host, "k8s.io", id),
        Runtime::Nerdctl => containerd(host, "default", id),
        Runtime::Ctr => {
            let namespace = container.namespace.as_deref()?;
            let found = containerd(host, namespace, id)?;
            Some(Names {
                name: found.name.or_else(|| Some(id.clone())),
                ..found
            })
        }
        Runtime::Lxc | Runtime::Libvirt | Runtime::Bpm => Some(Names {
            name: Some(capped(id)),
            ..Names::default()
        }),
        Runtime::Garden => None,
    }
}

/// Where containerd keeps its running tasks, that of k3s included.
const CONTAINERD: [&str; 2] = [
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/k3s/containerd/io.containerd.runtime.v2.task",
];

/// Looks in `namespace`, then in every other one.
fn containerd(host: &Host, namespace: &str, id: &str) -> Option<Names> {
    if !is_component(namespace.as_ref()) {
        return None;
    }
    let read = |namespace: PathBuf| {
        let config = host.read(namespace.join(id).join("config.json")).ok()?;
        oci::parse(&config)
    };
    let of = |tasks: &str| {
        let tasks = PathBuf::from(tasks);
        read(tasks.join(namespace)).or_else(|| {
            let others = host.names(&tasks).into_iter();
            let mut others = others.filter(|it| it != namespace && is_component(it));
            others.find_map(|other| read(tasks.join(other)))
        })
    };
    CONTAINERD.iter().find_map(|tasks| of(tasks))
}

/// The pod of this uid by its log folder, `/var/log/pods/NAMESPACE_POD_UID/CONTAINER`; and the
/// container, if it has but one.
#[must_use]
pub fn of_pod(host: &Host, uid: &str) -> Option<Names> {
    let folders = host.names("/var/log/pods");
    let mut folders = folders
        .into_iter()
        .filter_map(|name| name.into_string().ok());
    let folder = folders.find(|name| {
        let rest = name.strip_suffix(uid);
        rest.is_some_and(|rest| rest.ends_with('_'))
    })?;
    let mut parts = folder.splitn(3, '_');
    let (namespace, name) = (parts.next()?, parts.next()?);
    let containers = host.names(PathBuf::from("/var/log/pods").join(&folder));
    let mut containers = containers.into_iter().take(MOST_LOGS);
    let container = containers.next().filter(|_| containers.next().is_none());
    Some(Names {
        name: container.and_then(|it| Some(capped(it.to_str()?))),
        pod: Some(PodName {
            namespace: capped(namespace),
            name: capped(name),
            workload: capped(name),
            uid: Some(uid.to_owned()),
        }),
        ..Names::default()
    })
}

/// A pod's name without what tells the replicas of one workload apart, by the labels that their
/// controllers put on it.
fn workload(pod: &str, label: impl Fn(&str) -> Option<String>) -> String {
    let without = |suffix: &str| {
        let name = pod.rsplit_once('-')?.0;
        let name = name.strip_suffix(suffix)?.strip_suffix('-')?;
        (!name.is_empty()).then(|| name.to_owned())
    };
    // A Deployment's pod: NAME-HASH-RANDOM. Others: NAME-RANDOM, or NAME-ORDINAL of a StatefulSet.
    let of_deployment = label("pod-template-hash").and_then(|hash| without(&hash));
    let others = [
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
        "batch.kubernetes.io/job-name",
        "job-name",
    ];
    let of_other = || {
        others.iter().find_map(|it| label(it))?;
        let name = pod.rsplit_once('-')?.0;
        (!name.is_empty()).then(|| name.to_owned())
    };
    capped(
        &of_deployment
            .or_else(of_other)
            .unwrap_or_else(|| pod.to_owned()),
    )
}

/// What a container is a replica of, by the labels that Compose
/// (`com.docker.compose.project`, docker/compose `pkg/api/labels.go`) and Swarm put on it.
fn replica_of(label: impl Fn(&str) -> Option<String>) -> Option<String> {
    let label = |name: &str| label(name).filter(|it| !it.is_empty());
    let of_compose = || {
        let project = label("com.docker.compose.project")?;
        let service = label("com.docker.compose.service")?;
        Some(format!("{project}/{service}"))
    };
    let found = of_compose().or_else(|| label("com.docker.swarm.service.name"));
    found.map(|it| capped(&it))
}

fn capped(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests;
