//! What the probe is told: whom to watch, whose they are, and where the kernel keeps things.

/// The number of a service, as user space gave it out; 0 is no service.
pub type Service = u32;

/// Services whose part of what all share is counted apart, a power of two; of more, some are counted together. One more place
/// counts what all have.
pub const SHARES: u32 = 1 << 12;

/// The place of all services together in an array of shares.
pub const SHARE_OF_ALL: u32 = SHARES;

/// The place of a service in an array of shares.
#[inline(always)]
#[must_use]
pub const fn share_place(service: Service) -> u32 {
    service & (SHARES - 1)
}

/// Whether a service that has `own` of what all share may have more of it, of which `free` is left: at most four times as much
/// as stays free for the others, so that one that floods leaves them a fifth (the dynamic threshold of Choudhury and Hahne,
/// "Dynamic queue length thresholds for shared-memory packet switches", IEEE/ACM Transactions on Networking 6 (2), 1998).
#[inline(always)]
#[must_use]
pub const fn may_have(own: u64, free: u64) -> bool {
    // Many count at once: what looks negative for a moment is nothing.
    own < free << 2 || own > 1 << 63
}

/// Marks the service in the record of an exec: the process is in another cgroup than its parent. So a service, or a container,
/// may begin with it.
pub const MOVED: Service = 1 << 31;

/// Marks it beside [`MOVED`]: the process has its parent's mounts. So it is no program of a container, though it may be in the
/// container's cgroup: `runc init` begins so.
pub const PARENTS_MOUNTS: Service = 1 << 30;

/// What a process is to the monitor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum Membership {
    /// It is watched.
    Watched = 1,
    /// It is the monitor itself.
    Excluded = 2,
}

/// A process's entry in [`crate::names::PROCESSES`]: what it is to the monitor in bits 0 to 7, whether it was named as
/// one of its service's in bit 8, and its service in the upper 32 bits.
///
/// The service of a process that was named stays; that of any other follows its cgroup.
#[inline(always)]
#[must_use]
pub const fn member(membership: Membership, named: bool, service: Service) -> u64 {
    membership as u64 | (named as u64) << 8 | (service as u64) << 32
}

/// What a process is, by its entry.
#[inline(always)]
#[must_use]
pub const fn is_watched(member: u64) -> bool {
    member & 0xff == Membership::Watched as u64
}

/// Whether it was named, by its entry.
#[inline(always)]
#[must_use]
pub const fn is_named(member: u64) -> bool {
    member >> 8 & 1 == 1
}

/// Its service, by its entry.
#[inline(always)]
#[must_use]
pub const fn service_of(member: u64) -> Service {
    (member >> 32) as Service
}

/// What the word in [`crate::names::EPOCH`] grows by when the reader looks: from then on a thread's next call has a time
/// of its own.
pub const EPOCH_LOOK: u64 = 1;

/// What it grows by when services were given other cgroups, or processes another cgroup: memberships that are older
/// are asked again.
pub const EPOCH_GENERATION: u64 = 1 << 32;

/// Which generation an epoch belongs to.
#[inline(always)]
#[must_use]
pub const fn generation(epoch: u64) -> u32 {
    (epoch >> 32) as u32
}

/// Bytes of the keys of [`crate::names::SERVICE_PATHS`]: a path below the root of the cgroup hierarchy, padded with NUL, of which
/// there is at least one.
pub const PATH_KEY: usize = 256;

/// Slots of the array [`crate::names::WATCHED`]; a power of two.
pub const WATCHED_SLOTS: u32 = 1 << 16;

/// The slot of a process.
#[inline(always)]
#[must_use]
pub const fn watched_slot(tgid: u32) -> u32 {
    tgid & (WATCHED_SLOTS - 1)
}

/// What a watched process adds to its slot, atomically, and takes away when it ends: how many they are in the upper 16
/// bits, the sum of their tgids in the others (tgids have 22 bits at most: `PID_MAX_LIMIT`,
/// include/linux/threads.h). So a slot says for certain that there is none, or which the only one is; only where it holds
/// several does anybody have to look into the hash.
#[inline(always)]
#[must_use]
pub const fn watched_entry(tgid: u32) -> u64 {
    1 << 48 | tgid as u64
}

/// How a process that is not in [`crate::names::PROCESSES`] yet becomes a watched one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Admission {
    /// Only user space and forks add processes.
    Listed = 0,
    /// Every process is watched, without being listed.
    All = 1,
    /// A thread of it carries the name `comm`.
    Comm = 2,
    /// A thread of it runs with the real user id `uid`.
    Uid = 3,
    /// A thread of it is in a cgroup of [`crate::names::CGROUPS`] or below one.
    Cgroup = 4,
}

/// Whom to watch. Written before the load, constant afterwards.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Filter {
    /// An [`Admission`].
    pub admission: u32,
    /// The monitor's own tgid in the initial pid namespace; 0 where the monitor cannot know it.
    pub self_tgid: u32,
    /// The monitor's own tgid in its own pid namespace.
    pub self_namespace_tgid: u32,
    /// Real user id, with [`Admission::Uid`].
    pub uid: u32,
    /// The [`Service`] of a watched process that has no other.
    pub service: u32,
    /// Whether children of watched processes are watched: 0 or 1.
    pub follow: u32,
    /// The monitor's pid namespace (`ns_common.inum`), 0 when it is the initial one.
    pub pid_namespace: u32,
    /// Bytes that wait in the ring before the reader is woken.
    pub wake_bytes: u32,
    /// Whether a process's cgroup tells its service: 0 or 1.
    pub by_cgroup: u32,
    /// Whether several services share the probe's room, so that none may take all of it: 0 or 1.
    pub shared: u32,
    /// The name, padded with NUL, with [`Admission::Comm`].
    pub comm: [u8; 16],
}

/// Byte offsets into kernel structures, from the running kernel's BTF.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct KernelLayout {
    /// `task_struct.pid`.
    pub task_pid: u32,
    /// `task_struct.tgid`.
    pub task_tgid: u32,
    /// `task_struct.start_boottime`.
    pub task_start: u32,
    /// `task_struct.group_leader`.
    pub task_leader: u32,
    /// `task_struct.thread_pid`.
    pub task_thread_pid: u32,
    /// `task_struct.signal`.
    pub task_signal: u32,
    /// The word of `task_struct.thread_info` that tells a compat task: `status` on x86-64, `flags`
    /// on arm64.
    pub task_compat: u32,
    /// Its bit: `TS_COMPAT` (`arch/x86/include/asm/thread_info.h`) or `_TIF_32BIT`
    /// (`arch/arm64/include/asm/thread_info.h`).
    pub compat_mask: u32,
    /// `signal_struct.live`.
    pub signal_live: u32,
    /// `pid.level`.
    pub pid_level: u32,
    /// `pid.numbers`.
    pub pid_numbers: u32,
    /// Size of `struct upid`.
    pub upid_size: u32,
    /// `upid.nr`.
    pub upid_nr: u32,
    /// `upid.ns`.
    pub upid_ns: u32,
    /// `pid_namespace.ns.inum`.
    pub namespace_inum: u32,
    /// The [`crate::abi::Abi`] tag of a task that is not compat.
    pub native_abi: u32,
    /// The tag of one that is.
    pub compat_abi: u32,
    /// Bit of the number that marks x32, 0 where there is no x32.
    pub x32_bit: u32,
    /// Whether the kernel has `bpf_get_current_task_btf`: 0 or 1.
    pub typed_task: u32,
    /// `task_struct.real_parent`.
    pub task_real_parent: u32,
    /// `task_struct.children`.
    pub task_children: u32,
    /// `task_struct.sibling`.
    pub task_sibling: u32,
    /// `task_struct.thread_node`.
    pub task_thread_node: u32,
    /// `signal_struct.thread_head`.
    pub signal_thread_head: u32,
    /// `trace_event_raw_task_newtask.pid`, in the record of the perf tracepoint.
    pub newtask_pid: u32,
    /// `trace_event_raw_task_newtask.clone_flags`.
    pub newtask_flags: u32,
    /// `trace_event_raw_sched_process_exec.old_pid`.
    pub exec_old_pid: u32,
    /// `task_struct.comm`.
    pub task_comm: u32,
    /// `task_struct.real_cred`.
    pub task_real_cred: u32,
    /// `cred.uid`.
    pub cred_uid: u32,
    /// `task_struct.cgroups`; 0 where the kernel has no cgroups, as with all that follow.
    pub task_cgroups: u32,
    /// `css_set.dfl_cgrp`: the cgroup of version 2.
    pub css_set_cgroup: u32,
    /// `cgroup.kn`.
    pub cgroup_kn: u32,
    /// `cgroup.self.parent`, whose target is the parent's `cgroup.self`, the first member of a cgroup.
    pub cgroup_self_parent: u32,
    /// `cgroup.root`.
    pub cgroup_root: u32,
    /// `cgroup_root.hierarchy_id`, 0 for version 2.
    pub root_hierarchy: u32,
    /// `kernfs_node.id`.
    pub node_id: u32,
    /// `trace_event_raw_cgroup.root`, in the record of the perf tracepoints.
    pub cgroup_record_root: u32,
    /// `trace_event_raw_cgroup.id`.
    pub cgroup_record_id: u32,
    /// `trace_event_raw_cgroup.__data_loc_path`.
    pub cgroup_record_path: u32,
    /// `task_struct.nsproxy`.
    pub task_namespaces: u32,
    /// `nsproxy.mnt_ns`.
    pub namespaces_mount: u32,
    /// `task_struct.fs`.
    pub task_fs: u32,
    /// `fs_struct.pwd`.
    pub fs_working: u32,
    /// `task_struct.files`.
    pub task_files: u32,
    /// `files_struct.fdt`.
    pub files_table: u32,
    /// `fdtable.max_fds`.
    pub table_size: u32,
    /// `fdtable.fd`.
    pub table_files: u32,
    /// `file.f_path`.
    pub file_path: u32,
    /// `file.f_inode`.
    pub file_inode: u32,
    /// `inode.i_mode`.
    pub inode_mode: u32,
    /// `path.mnt`.
    pub path_mount: u32,
    /// `path.dentry`.
    pub path_entry: u32,
    /// `dentry.d_parent`.
    pub entry_parent: u32,
    /// `dentry.d_name.name`.
    pub entry_name: u32,
    /// `vfsmount.mnt_root`.
    pub mount_root: u32,
    /// `mount.mnt`, the `vfsmount` in it.
    pub mount_inner: u32,
    /// `mount.mnt_parent`.
    pub mount_parent: u32,
    /// `mount.mnt_mountpoint`.
    pub mount_point: u32,
    /// `filename.name`.
    pub filename_name: u32,
    /// The opcode in the record of the perf tracepoint of what is submitted to io_uring.
    pub submit_code: u32,
    /// The request in it; 0 where there is none, or where what it touches is not known.
    pub submit_request: u32,
}

impl KernelLayout {
    /// The layout as the words that the global [`crate::names::LAYOUT`] is made of.
    #[must_use]
    pub const fn words(&self) -> [u32; 62] {
        [
            self.task_pid,
            self.task_tgid,
            self.task_start,
            self.task_leader,
            self.task_thread_pid,
            self.task_signal,
            self.task_compat,
            self.compat_mask,
            self.signal_live,
            self.pid_level,
            self.pid_numbers,
            self.upid_size,
            self.upid_nr,
            self.upid_ns,
            self.namespace_inum,
            self.native_abi,
            self.compat_abi,
            self.x32_bit,
            self.typed_task,
            self.task_real_parent,
            self.task_children,
            self.task_sibling,
            self.task_thread_node,
            self.signal_thread_head,
            self.newtask_pid,
            self.newtask_flags,
            self.exec_old_pid,
            self.task_comm,
            self.task_real_cred,
            self.cred_uid,
            self.task_cgroups,
            self.css_set_cgroup,
            self.cgroup_kn,
            self.cgroup_self_parent,
            self.cgroup_root,
            self.root_hierarchy,
            self.node_id,
            self.cgroup_record_root,
            self.cgroup_record_id,
            self.cgroup_record_path,
            self.task_namespaces,
            self.namespaces_mount,
            self.task_fs,
            self.fs_working,
            self.task_files,
            self.files_table,
            self.table_size,
            self.table_files,
            self.file_path,
            self.file_inode,
            self.inode_mode,
            self.path_mount,
            self.path_entry,
            self.entry_parent,
            self.entry_name,
            self.mount_root,
            self.mount_inner,
            self.mount_parent,
            self.mount_point,
            self.filename_name,
            self.submit_code,
            self.submit_request,
        ]
    }
}

impl Filter {
    /// The filter as the words that the global [`crate::names::FILTER`] is made of.
    #[must_use]
    pub fn words(&self) -> [u64; 7] {
        let pair = |low: u32, high: u32| {
            let [a, b, c, d] = low.to_ne_bytes();
            let [e, f, g, h] = high.to_ne_bytes();
            u64::from_ne_bytes([a, b, c, d, e, f, g, h])
        };
        let (low, high) = self.comm.split_at(8);
        let name = |half: &[u8]| half.try_into().map_or(0, u64::from_ne_bytes);
        [
            pair(self.admission, self.self_tgid),
            pair(self.self_namespace_tgid, self.uid),
            pair(self.service, self.follow),
            pair(self.pid_namespace, self.wake_bytes),
            pair(self.by_cgroup, self.shared),
            name(low),
            name(high),
        ]
    }
}

const _: () = assert!(size_of::<KernelLayout>() == 62 * 4);
const _: () = assert!(size_of::<Filter>() == 7 * 8);

#[cfg(test)]
mod tests {
    use super::may_have;

    #[test]
    fn whoever_takes_all_that_it_may_leaves_the_others_their_part() {
        let room = 1000;
        for flooding in [1_u64, 2, 10] {
            let mut all = [0_u64; 10];
            let own = &mut all[..flooding as usize];
            loop {
                let before: u64 = own.iter().sum();
                for place in 0..own.len() {
                    let free = room - own.iter().sum::<u64>();
                    own[place] += u64::from(may_have(own[place], free));
                }
                if own.iter().sum::<u64>() == before {
                    break;
                }
            }
            let free = room - own.iter().sum::<u64>();
            let fair = room / (4 * flooding + 1);
            assert!(
                free.abs_diff(fair) <= flooding,
                "{flooding}: {free} of {fair}"
            );
            assert!(may_have(0, free));
        }
        assert!(may_have(u64::MAX, 0), "one below nothing");
        assert!(!may_have(0, 0));
    }
}
