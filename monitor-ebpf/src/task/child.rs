//! The task that the running one just made.

use super::{Ids, Task};
use crate::{Error, kernel::read, setting::setting};

/// A new task.
pub struct Child {
    /// Its ids in the initial pid namespace.
    pub ids: Ids,
    /// Its structure, where the tracepoint names it.
    pub task: Option<Task>,
}

// `list_head.prev` (include/linux/types.h).
const LIST_PREVIOUS: u32 = 8;
// Of as many of the newest tasks of a list the one that was just made is looked for.
const NEWEST_CHILDREN: u32 = 16;

impl Child {
    /// Its ids as the monitor's pid namespace has them, made by the running thread; `None` where
    /// that cannot be told.
    #[inline(always)]
    pub fn visible_ids(&self) -> Result<Option<Ids>, Error> {
        if setting!(FILTER.pid_namespace) == 0 {
            return Ok(Some(self.ids));
        }
        let task = match self.task {
            Some(task) => task,
            None => match Task::new_child(self.ids)? {
                Some(task) => task,
                None => return Ok(None),
            },
        };
        task.visible_ids(self.ids).map(Some)
    }
}

impl Task {
    /// The child of the running task that has these ids in the initial pid namespace: one of the
    /// newest of its list, which other threads and siblings may have grown meanwhile.
    #[inline(never)]
    fn new_child(ids: Ids) -> Result<Option<Self>, Error> {
        let parent = Self::current();
        let is_thread = ids.tgid != ids.tid;
        // A child made with CLONE_PARENT is its maker's sibling.
        for maker in 0..2_u32 {
            let (list, node) = if is_thread {
                let signal: u64 = read(parent.0, setting!(LAYOUT.task_signal))?;
                (
                    signal + u64::from(setting!(LAYOUT.signal_thread_head)),
                    setting!(LAYOUT.task_thread_node),
                )
            } else {
                let maker = if maker == 0 {
                    parent.0
                } else {
                    read(parent.0, setting!(LAYOUT.task_real_parent))?
                };
                (
                    maker + u64::from(setting!(LAYOUT.task_children)),
                    setting!(LAYOUT.task_sibling),
                )
            };
            let mut at: u64 = read(list, LIST_PREVIOUS)?;
            for _ in 0..NEWEST_CHILDREN {
                if at == list {
                    break;
                }
                let child = Self(at - u64::from(node));
                if child.ids()?.tid == ids.tid {
                    return Ok(Some(child));
                }
                at = read(at, LIST_PREVIOUS)?;
            }
        }
        Ok(None)
    }
}
