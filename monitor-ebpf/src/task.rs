//! What the probe reads of a task.
//!
//! Offsets come from the running kernel's BTF, in [`crate::setting::LAYOUT`]: Rust's BPF target has
//! no CO-RE relocations.

use aya_ebpf::helpers::{
    bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_get_current_task, bpf_get_current_uid_gid,
    bpf_probe_read_kernel, generated::bpf_get_current_task_btf,
};
use monitor_common::{abi::Abi, target::name_words};

use crate::{Error, record::Child, setting::setting};

/// A `struct task_struct *`.
#[derive(Clone, Copy)]
pub struct Task(u64);

/// A `struct cgroup *`, of version 2 where it is a task's.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Cgroup(u64);

/// A task's ids.
#[derive(Clone, Copy)]
pub struct Ids {
    pub tgid: u32,
    pub tid: u32,
}

// Deeper nesting than this is refused by the kernel (`MAX_PID_NS_LEVEL`, include/linux/pid_namespace.h).
const PID_NAMESPACE_LEVELS: u32 = 32;

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

/// Reads kernel memory.
#[inline(always)]
pub fn read<T>(base: u64, offset: u32) -> Result<T, Error> {
    // SAFETY: the helper checks the address itself and fails where nothing is mapped.
    unsafe { bpf_probe_read_kernel((base + offset as u64) as *const T) }
        .map_err(|_| Error::Unreadable)
}

impl Task {
    /// The running task.
    #[inline(always)]
    pub fn current() -> Self {
        // SAFETY: the helper has no precondition.
        Self(unsafe { bpf_get_current_task() })
    }

    /// A task from a tracepoint's argument.
    #[inline(always)]
    pub fn from_argument(pointer: u64) -> Self {
        Self(pointer)
    }

    /// Where its structure is.
    #[inline(always)]
    pub const fn address(self) -> u64 {
        self.0
    }

    /// Ids in the initial pid namespace.
    #[inline(always)]
    pub fn ids(self) -> Result<Ids, Error> {
        Ok(Ids {
            tgid: read(self.0, setting!(LAYOUT.task_tgid))?,
            tid: read(self.0, setting!(LAYOUT.task_pid))?,
        })
    }

    /// When it started, nanoseconds since boot.
    #[inline(always)]
    pub fn start_ns(self) -> Result<u64, Error> {
        read(self.0, setting!(LAYOUT.task_start))
    }

    /// Whether its thread group has no live thread left.
    #[inline(always)]
    pub fn is_last_of_its_group(self) -> Result<bool, Error> {
        let signal: u64 = read(self.0, setting!(LAYOUT.task_signal))?;
        let live: i32 = read(signal, setting!(LAYOUT.signal_live))?;
        Ok(live <= 0)
    }

    /// Who made it, or who took it over since.
    #[inline(always)]
    pub fn parent(self) -> Result<Self, Error> {
        read(self.0, setting!(LAYOUT.task_real_parent)).map(Self)
    }

    /// Where its mount namespace is.
    #[inline(always)]
    pub fn mount_namespace(self) -> Result<u64, Error> {
        let all: u64 = read(self.0, setting!(LAYOUT.task_namespaces))?;
        read(all, setting!(LAYOUT.namespaces_mount))
    }

    /// Its cgroup of version 2; none where the kernel has no cgroups.
    #[inline(always)]
    pub fn cgroup(self) -> Result<Cgroup, Error> {
        if setting!(LAYOUT.task_cgroups) == 0 {
            return Ok(Cgroup(0));
        }
        let set: u64 = read(self.0, setting!(LAYOUT.task_cgroups))?;
        read(set, setting!(LAYOUT.css_set_cgroup)).map(Cgroup)
    }

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

/// The running task, for what is read with every call.
///
/// Where the kernel has the helper (Linux 5.11), the verifier knows the type of what it gives and lets the
/// program read it by itself; offsets are constants by then. Each helper that is saved is a return
/// saved, and these are dear where the CPU has to be kept from speculating on them.
///
/// Where it has not, this holds the task's ids.
#[derive(Clone, Copy)]
pub struct Running {
    task: u64,
    /// [`crate::setting::LAYOUT`]'s, read once: the verifier knows it wherever it is kept, and each further read would
    /// cost every call of the host two instructions.
    is_typed: bool,
}

impl Running {
    #[inline(always)]
    pub fn task() -> Self {
        let is_typed = setting!(LAYOUT.typed_task) != 0;
        let task = if is_typed {
            // SAFETY: the helper has no precondition.
            unsafe { bpf_get_current_task_btf() as u64 }
        } else {
            bpf_get_current_pid_tgid()
        };
        Self { task, is_typed }
    }

    /// Its tgid in the initial pid namespace.
    #[inline(always)]
    pub fn tgid(self) -> u32 {
        if !self.is_typed {
            return (self.task >> 32) as u32;
        }
        self.word(setting!(LAYOUT.task_tgid))
    }

    /// Its tid there.
    #[inline(always)]
    pub fn tid(self) -> u32 {
        if !self.is_typed {
            return self.task as u32;
        }
        self.word(setting!(LAYOUT.task_pid))
    }

    /// Both, where the tgid was read already.
    #[inline(always)]
    pub fn ids_in(self, tgid: u32) -> Ids {
        Ids {
            tgid,
            tid: self.tid(),
        }
    }

    /// Both.
    #[inline(always)]
    pub fn ids(self) -> Ids {
        self.ids_in(self.tgid())
    }

    /// Whether its real user id, in the initial user namespace, is the one that the filter asks for.
    #[inline(always)]
    pub fn has_wanted_uid(self) -> bool {
        let wanted = setting!(FILTER.uid);
        if !self.is_typed {
            return bpf_get_current_uid_gid() as u32 == wanted;
        }
        let credentials = self.long(setting!(LAYOUT.task_real_cred));
        let uid = at::<u32>(credentials, setting!(LAYOUT.cred_uid));
        // SAFETY: as in `word`; a task has credentials as long as it runs.
        unsafe { uid.read_volatile() == wanted }
    }

    /// Whether its name is the one that the filter asks for.
    #[inline(always)]
    pub fn has_wanted_name(self) -> Result<bool, Error> {
        let wanted = [setting!(FILTER.comm[0]), setting!(FILTER.comm[1])];
        if !self.is_typed {
            let name = bpf_get_current_comm().map_err(|_| Error::Unreadable)?;
            return Ok(name_words(&name) == wanted);
        }
        let offset = setting!(LAYOUT.task_comm);
        // A name is ended by its first NUL; the kernel pads it with others (`strscpy_pad` in `__set_task_comm`).
        Ok(self.long(offset) == wanted[0] && self.long(offset + 8) == wanted[1])
    }

    /// The word that tells a compat call.
    #[inline(always)]
    fn compat_word(self) -> Result<u32, Error> {
        let offset = setting!(LAYOUT.task_compat);
        if !self.is_typed {
            return read(Task::current().0, offset);
        }
        Ok(self.word(offset))
    }

    #[inline(always)]
    fn long(self, offset: u32) -> u64 {
        // SAFETY: as in `word`.
        unsafe { at::<u64>(self.task, offset).read_volatile() }
    }

    #[inline(always)]
    fn word(self, offset: u32) -> u32 {
        // SAFETY: the task runs, so it is there; the offset is from the kernel's BTF, by which the verifier
        // checks it.
        unsafe { at::<u32>(self.task, offset).read_volatile() }
    }
}

#[inline(always)]
fn at<T>(base: u64, offset: u32) -> *const T {
    (base + u64::from(offset)) as *const T
}

/// The ids of the running task in the initial pid namespace.
#[inline(always)]
pub fn current_ids() -> Ids {
    let both = bpf_get_current_pid_tgid();
    Ids {
        tgid: (both >> 32) as u32,
        tid: both as u32,
    }
}

/// The ABI of the call that the running task makes, as a tag, and its number in that table.
///
/// From 64-bit code `int 0x80` uses the 32-bit table too, so the code segment does not tell; the
/// kernel sets the compat status in both cases (`do_int80_emulation` in
/// arch/x86/entry/syscall_32.c).
#[inline(always)]
pub fn abi(task: Running, number: u32) -> Result<(u8, u32), Error> {
    if task.compat_word()? & setting!(LAYOUT.compat_mask) != 0 {
        return Ok((setting!(LAYOUT.compat_abi) as u8, number));
    }
    let x32 = setting!(LAYOUT.x32_bit);
    if number & x32 != 0 {
        return Ok((Abi::X32.tag(), number & !x32));
    }
    Ok((setting!(LAYOUT.native_abi) as u8, number))
}
