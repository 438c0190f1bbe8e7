//! A task's ids in the monitor's pid namespace, where that is not the initial one.

use super::{Ids, Task};
use crate::{Error, kernel::read, setting::setting};

// Deeper nesting than this is refused by the kernel (`MAX_PID_NS_LEVEL`,
// include/linux/pid_namespace.h).
const PID_NAMESPACE_LEVELS: u32 = 32;

impl Task {
    /// Ids as the monitor's pid namespace has them; those of the initial one where the task is not
    /// visible there.
    #[inline(always)]
    pub fn visible_ids(self, initial: Ids) -> Result<Ids, Error> {
        if setting!(FILTER.pid_namespace) == 0 {
            return Ok(initial);
        }
        Ok(Ids {
            tgid: self.visible_tgid()?.unwrap_or(initial.tgid),
            tid: self.visible_tid()?.unwrap_or(initial.tid),
        })
    }

    /// The tgid in the monitor's pid namespace, which is not the initial one; `None` where the task
    /// is not visible there.
    #[inline(always)]
    pub fn visible_tgid(self) -> Result<Option<u32>, Error> {
        let leader: u64 = read(self.0, setting!(LAYOUT.task_leader))?;
        Self(leader).visible_tid()
    }

    #[inline(never)]
    fn visible_tid(self) -> Result<Option<u32>, Error> {
        let wanted = setting!(FILTER.pid_namespace);
        let pid: u64 = read(self.0, setting!(LAYOUT.task_thread_pid))?;
        let level: u32 = read(pid, setting!(LAYOUT.pid_level))?;
        for at in 0..=PID_NAMESPACE_LEVELS {
            if at > level {
                break;
            }
            let upid =
                pid + (setting!(LAYOUT.pid_numbers) + at * setting!(LAYOUT.upid_size)) as u64;
            let namespace: u64 = read(upid, setting!(LAYOUT.upid_ns))?;
            let inum: u32 = read(namespace, setting!(LAYOUT.namespace_inum))?;
            if inum == wanted {
                return read(upid, setting!(LAYOUT.upid_nr)).map(Some);
            }
        }
        Ok(None)
    }
}
