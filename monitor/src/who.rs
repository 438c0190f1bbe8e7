//! Whose calls they are: host, user, program, unit, container.
//!
//! Every text in here is escaped and capped when it is made, since processes choose most of it.

pub mod redaction;

mod host;

pub mod processes;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The most bytes that a text of a process keeps, its escapes included.
pub const LONGEST: usize = 4096;

/// Who made the calls of an alarm, as far as it could be read.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Who {
    /// The host; `None` where it is left out, and for a recording, which may be of any host.
    pub host: Option<Arc<Host>>,
    /// The effective user of the process.
    pub user: Option<User>,
    /// The program and those that started it: from the first ancestor on the host that is known
    /// down to the process itself.
    pub lineage: Vec<Program>,
    /// Path of the control group, from the root of its hierarchy.
    pub cgroup: Option<String>,
    /// The systemd unit.
    pub unit: Option<String>,
    /// The container.
    pub container: Option<Container>,
}

/// A host. Its ids are hashes, since machine-id(5) asks not to show the id itself.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Host {
    /// Its name.
    pub name: Option<String>,
    /// SHA-256 of its machine id with a prefix of this program's own, 64 hexadecimal digits.
    pub machine_id: Option<String>,
    /// The same of its boot id, which changes with every boot.
    pub boot_id: Option<String>,
}

/// A user.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct User {
    /// Its number.
    pub uid: u32,
    /// Its name on this host.
    pub name: Option<String>,
}

/// A process and the program that it runs.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Program {
    /// Thread group id.
    pub pid: u32,
    /// Its name, escaped; empty where it is not known.
    pub comm: String,
    /// Path of its executable, escaped.
    pub executable: Option<String>,
    /// Its arguments joined by blanks, escaped, with secrets redacted.
    pub command_line: Option<String>,
}

/// A container.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Container {
    /// Its whole id.
    pub id: String,
    /// The runtime that made it, as in `docker`.
    pub runtime: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its image, with the tag.
    pub image: Option<String>,
    /// Its pod's namespace in Kubernetes.
    pub namespace: Option<String>,
    /// Its pod's name in Kubernetes.
    pub pod: Option<String>,
}

impl Who {
    /// The process itself.
    #[must_use]
    pub fn program(&self) -> Option<&Program> {
        self.lineage.last()
    }
}
