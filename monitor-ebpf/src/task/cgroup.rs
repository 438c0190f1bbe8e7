//! The cgroup of a task.

use super::Task;
use crate::{Error, kernel::read, setting::setting};

/// A `struct cgroup *`, of version 2 where it is a task's.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Cgroup(u64);

impl Cgroup {
    /// A cgroup from a tracepoint's argument.
    #[inline(always)]
    pub fn from_argument(pointer: u64) -> Self {
        Self(pointer)
    }

    /// Whether there is none.
    #[inline(always)]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Its id: the inode number of its directory.
    #[inline(always)]
    pub fn id(self) -> Result<u64, Error> {
        let node: u64 = read(self.0, setting!(LAYOUT.cgroup_kn))?;
        read(node, setting!(LAYOUT.node_id))
    }

    /// The one above it, if any.
    #[inline(always)]
    pub fn parent(self) -> Result<Self, Error> {
        read(self.0, setting!(LAYOUT.cgroup_self_parent)).map(Self)
    }

    /// The id of its hierarchy: 0 for version 2.
    #[inline(always)]
    pub fn hierarchy(self) -> Result<u32, Error> {
        let root: u64 = read(self.0, setting!(LAYOUT.cgroup_root))?;
        read(root, setting!(LAYOUT.root_hierarchy))
    }
}

impl Task {
    /// Its cgroup of version 2; none where the kernel has no cgroups.
    #[inline(always)]
    pub fn cgroup(self) -> Result<Cgroup, Error> {
        if setting!(LAYOUT.task_cgroups) == 0 {
            return Ok(Cgroup(0));
        }
        let set: u64 = read(self.0, setting!(LAYOUT.task_cgroups))?;
        read(set, setting!(LAYOUT.css_set_cgroup)).map(Cgroup)
    }
}
