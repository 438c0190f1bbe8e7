//! The store of containers that Podman and CRI-O share.

use serde::Deserialize;

use super::{Names, capped, oci};
use crate::service::host::Host;

/// An entry of `containers.json` (containers/storage, `Container` of `containers.go`).
#[derive(Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    names: Vec<String>,
    image: Option<String>,
}

/// Where the store of root is.
const STORE: &str = "/var/lib/containers/storage/overlay-containers";

/// The same of a user, below the home.
const OF_USER: &str = ".local/share/containers/storage/overlay-containers";

/// Containers that are run with `--rm` stand in the second alone.
const FILES: [&str; 2] = ["containers.json", "volatile-containers.json"];

pub(super) fn read(host: &Host, id: &str) -> Option<Names> {
    let config = format!("/run/containers/storage/overlay-containers/{id}/userdata/config.json");
    let config = host.read(config).ok().and_then(|text| oci::parse(&text));
    let entry = entry(host, STORE, id).or_else(|| {
        let homes = host.names("/home").into_iter();
        let homes = homes.filter_map(|it| it.into_string().ok());
        let mut stores = homes.map(|user| format!("/home/{user}/{OF_USER}"));
        stores.find_map(|store| entry(host, &store, id))
    });
    if config.is_none() && entry.is_none() {
        return None;
    }
    let mut names = config.unwrap_or_default();
    let Some(entry) = entry else {
        return Some(names);
    };
    if names.pod.is_none()
        && let Some(name) = entry.names.first()
    {
        names.name = Some(capped(name));
    }
    let digest = entry.image.filter(|it| !it.is_empty());
    names.digest = names.digest.or_else(|| digest.map(|it| capped(&it)));
    Some(names)
}

fn entry(host: &Host, store: &str, id: &str) -> Option<Entry> {
    FILES.iter().find_map(|file| {
        let text = host.read(format!("{store}/{file}")).ok()?;
        let entries: Vec<Entry> = serde_json::from_slice(&text).ok()?;
        entries.into_iter().find(|entry| entry.id == id)
    })
}
