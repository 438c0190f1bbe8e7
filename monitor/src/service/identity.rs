//! Who a process' service is.
//!
//! A container is a service, else a systemd unit, else the executable at the root of the process'
//! tree. What is in somebody's login session is none. Files are read here: at the first sight of a
//! process, and at alarm time, never for a call.

mod lookup;

mod of_place;

use super::key::Key;
use super::names::PodName;

pub use lookup::{Lookup, Rules};

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

    /// Whether it is a container. Its cgroup's path has the id of one life of it; any other's is
    /// made anew at the same path when it is started again.
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

#[cfg(test)]
mod tests;
