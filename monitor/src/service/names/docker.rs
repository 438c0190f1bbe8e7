//! Docker's own file of a container (`config.v2.json`, `Container` of moby's
//! `container/container.go`).

use std::collections::HashMap;

use serde::Deserialize;

use super::{Names, PodName, capped, replica_of, workload};
use crate::service::host::Host;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    name: Option<String>,
    image: Option<String>,
    config: Option<Config>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    image: Option<String>,
    labels: Option<HashMap<String, String>>,
}

pub(super) fn read(host: &Host, id: &str) -> Option<Names> {
    let path = format!("/var/lib/docker/containers/{id}/config.v2.json");
    parse(&host.read(path).ok()?)
}

fn parse(text: &[u8]) -> Option<Names> {
    let file: File = serde_json::from_slice(text).ok()?;
    let config = file.config;
    let labels = config.as_ref().and_then(|it| it.labels.as_ref());
    let label = |name: &str| labels.and_then(|it| it.get(name)).cloned();
    // dockershim and cri-dockerd.
    let pod = label("io.kubernetes.pod.name").map(|name| PodName {
        namespace: capped(&label("io.kubernetes.pod.namespace").unwrap_or_default()),
        workload: workload(&name, label),
        name: capped(&name),
        uid: label("io.kubernetes.pod.uid"),
    });
    let own = file.name.map(|name| capped(name.trim_start_matches('/')));
    Some(Names {
        name: label("io.kubernetes.container.name").map_or(own, |name| Some(capped(&name))),
        image: config
            .as_ref()
            .and_then(|it| it.image.as_deref())
            .map(capped),
        digest: file.image.as_deref().map(capped),
        pod,
        workload: replica_of(label),
    })
}
