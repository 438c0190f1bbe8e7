//! Where the kernel keeps what the probe reads.

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
    /// `cgroup.self.parent`, whose target is the parent's `cgroup.self`, the first member of a
    /// cgroup.
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

const _: () = assert!(size_of::<KernelLayout>() == 62 * 4);
