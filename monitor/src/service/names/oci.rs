//! The runtime's `config.json` of a container (OCI runtime specification) and the annotations that
//! containerd's and CRI-O's CRI put in it.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Names, PodName, capped, replica_of, workload};

#[derive(Deserialize)]
struct File {
    annotations: Option<HashMap<String, String>>,
}

/// What `config.json` tells; `None` when it is none.
pub(super) fn parse(text: &[u8]) -> Option<Names> {
    let file: File = serde_json::from_slice(text).ok()?;
    let annotations = file.annotations.unwrap_or_default();
    let get = |name: &str| annotations.get(name).filter(|it| !it.is_empty());
    let first = |names: &[&str]| names.iter().find_map(|name| get(name));
    // Of CRI-O all labels, as JSON in one annotation.
    let labels = get("io.kubernetes.cri-o.Labels");
    let labels = labels.and_then(|it| serde_json::from_str::<HashMap<String, String>>(it).ok());
    let label = |name: &str| {
        let labelled = labels.as_ref().and_then(|it| it.get(name)).cloned();
        labelled.or_else(|| get(name).cloned())
    };
    let pod = first(&["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"]);
    let pod = pod.map(|name| PodName {
        namespace: first(&[
            "io.kubernetes.cri.sandbox-namespace",
            "io.kubernetes.pod.namespace",
        ])
        .map_or_else(|| "default".to_owned(), |it| capped(it)),
        workload: workload(name, label),
        name: capped(name),
        uid: first(&["io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"])
            .map(|it| capped(it)),
    });
    let kind = first(&[
        "io.kubernetes.cri.container-type",
        "io.kubernetes.cri-o.ContainerType",
    ]);
    let name = if kind.is_some_and(|it| it == "sandbox") {
        // What holds a pod's namespaces; Kubernetes itself calls it so.
        Some("POD".to_owned())
    } else {
        first(&[
            "io.kubernetes.cri.container-name",
            "io.kubernetes.container.name",
            "nerdctl/name",
        ])
        .map(|it| capped(it))
    };
    Some(Names {
        name,
        image: first(&[
            "io.kubernetes.cri.image-name",
            "io.kubernetes.cri-o.ImageName",
            "org.opencontainers.image.ref.name",
        ])
        .map(|it| capped(it)),
        digest: first(&["io.kubernetes.cri-o.ImageRef", "io.kubernetes.cri-o.Image"])
            .map(|it| capped(it)),
        pod,
        workload: replica_of(label),
    })
}
