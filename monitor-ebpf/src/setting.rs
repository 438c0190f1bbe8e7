//! Values that user space writes before the load and that never change afterwards.

use monitor_common::target::{Filter, KernelLayout};

/// Whom to watch.
#[unsafe(no_mangle)]
pub static FILTER: Filter = Filter {
    admission: 0,
    self_tgid: 0,
    self_namespace_tgid: 0,
    uid: 0,
    service: 0,
    follow: 0,
    pid_namespace: 0,
    wake_bytes: 0,
    by_cgroup: 0,
    shared: 0,
    comm: [0; 2],
};

/// Where this kernel keeps what the probe reads.
#[unsafe(no_mangle)]
pub static LAYOUT: KernelLayout = KernelLayout {
    task_pid: 0,
    task_tgid: 0,
    task_start: 0,
    task_leader: 0,
    task_thread_pid: 0,
    task_signal: 0,
    task_compat: 0,
    compat_mask: 0,
    signal_live: 0,
    pid_level: 0,
    pid_numbers: 0,
    upid_size: 0,
    upid_nr: 0,
    upid_ns: 0,
    namespace_inum: 0,
    native_abi: 0,
    compat_abi: 0,
    x32_bit: 0,
    typed_task: 0,
    task_real_parent: 0,
    task_children: 0,
    task_sibling: 0,
    task_thread_node: 0,
    signal_thread_head: 0,
    newtask_pid: 0,
    newtask_flags: 0,
    exec_old_pid: 0,
    task_comm: 0,
    task_real_cred: 0,
    cred_uid: 0,
    task_cgroups: 0,
    css_set_cgroup: 0,
    cgroup_kn: 0,
    cgroup_self_parent: 0,
    cgroup_root: 0,
    root_hierarchy: 0,
    node_id: 0,
    cgroup_record_root: 0,
    cgroup_record_id: 0,
    cgroup_record_path: 0,
    task_namespaces: 0,
    namespaces_mount: 0,
    task_fs: 0,
    fs_working: 0,
    task_files: 0,
    files_table: 0,
    table_size: 0,
    table_files: 0,
    file_path: 0,
    file_inode: 0,
    inode_mode: 0,
    path_mount: 0,
    path_entry: 0,
    entry_parent: 0,
    entry_name: 0,
    mount_root: 0,
    mount_inner: 0,
    mount_parent: 0,
    mount_point: 0,
    filename_name: 0,
    submit_code: 0,
    submit_request: 0,
};

/// Which bits of a thread's number tell its slot.
#[unsafe(no_mangle)]
pub static SLOT_MASK: u32 = 0;

/// How many entries the hashes of threads and of processes can have.
#[unsafe(no_mangle)]
pub static PLACES: [u32; 2] = [0; 2];

/// Whether what calls touch is read: 0 or 1.
#[unsafe(no_mangle)]
pub static READS_DETAILS: u32 = 0;

/// How many records of touches may be sent in a second.
#[unsafe(no_mangle)]
pub static TOUCHES_A_SECOND: u32 = 0;

/// In which words of `struct pt_regs` the arguments of native and of compat calls are.
#[unsafe(no_mangle)]
pub static ARGUMENT_WORDS: [u64; 2] = [0; 2];

/// [`READS_DETAILS`] as the loader wrote it. The verifier knows it, and leaves out what is only
/// done where it is set.
#[inline(always)]
pub fn reads_details() -> bool {
    // SAFETY: as for `SLOT_MASK`.
    unsafe { core::ptr::read_volatile(&raw const READS_DETAILS) != 0 }
}

/// [`TOUCHES_A_SECOND`] as the loader wrote it.
#[inline(always)]
pub fn touches_a_second() -> u32 {
    // SAFETY: as for `SLOT_MASK`.
    unsafe { core::ptr::read_volatile(&raw const TOUCHES_A_SECOND) }
}

/// [`PLACES`] as the loader wrote it: of the hash of threads.
#[inline(always)]
pub fn thread_places() -> u32 {
    // SAFETY: as for `SLOT_MASK`; the index is in bounds.
    unsafe { core::ptr::read_volatile(&raw const PLACES[0]) }
}

/// The same of the hash of processes.
#[inline(always)]
pub fn process_places() -> u32 {
    // SAFETY: as for `SLOT_MASK`; the index is in bounds.
    unsafe { core::ptr::read_volatile(&raw const PLACES[1]) }
}

/// In which words of `struct pt_regs` the six arguments are, a byte each.
#[inline(always)]
pub fn argument_words(is_compat: bool) -> u64 {
    // SAFETY: as for `SLOT_MASK`; both indices are in bounds.
    unsafe {
        if is_compat {
            core::ptr::read_volatile(&raw const ARGUMENT_WORDS[1])
        } else {
            core::ptr::read_volatile(&raw const ARGUMENT_WORDS[0])
        }
    }
}

/// [`SLOT_MASK`] as the loader wrote it.
#[inline(always)]
pub fn slot_mask() -> u32 {
    // SAFETY: a static is valid and aligned; the read is volatile because the loader replaces the
    // bytes after the compiler has seen them.
    unsafe { core::ptr::read_volatile(&raw const SLOT_MASK) }
}

/// Reads one field of a setting as the loader wrote it, not as the compiler saw it.
macro_rules! setting {
    ($setting:ident . $field:ident $([$place:literal])?) => {
        // SAFETY: a static is valid and aligned; the read is volatile because the loader replaces
        // the bytes after the compiler has seen them.
        unsafe { core::ptr::read_volatile(&raw const $crate::setting::$setting.$field $([$place])?) }
    };
}
pub(crate) use setting;
