//! Whose a place among the cgroups is.

use super::{Identity, Rules};
use crate::service::cgroup::{Container, Place};
use crate::service::host::Host;
use crate::service::key::Key;
use crate::service::names::{self, Names};

/// Whose place it is, without its executable.
pub(super) fn of_place(host: &Host, rules: Rules, place: &Place) -> Option<Identity> {
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
    // Replicas are one service, as they are one program with one configuration: what one does is
    // learned for all.
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
