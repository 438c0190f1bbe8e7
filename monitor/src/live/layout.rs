//! Where the running kernel keeps what the probe reads.

use monitor_common::{
    abi::{Abi, X32_SYSCALL_BIT},
    target::KernelLayout,
};

use super::btf::{Btf, BtfError};
use super::io_uring;

/// `TS_COMPAT` of `arch/x86/include/asm/thread_info.h`.
const TS_COMPAT: u32 = 0x0002;
/// `_TIF_32BIT` of `arch/arm64/include/asm/thread_info.h`.
const TIF_32BIT: u32 = 1 << 22;

/// In which words of `struct pt_regs` the six arguments of a native and of a compat call are, a
/// byte each: `di, si, dx, r10, r8, r9` and `bx, cx, dx, si, di, bp` of
/// arch/x86/include/uapi/asm/ptrace.h, `regs[0]` to `regs[5]` of
/// arch/arm64/include/uapi/asm/ptrace.h.
pub(super) const ARGUMENT_WORDS: [u64; 2] = if cfg!(target_arch = "aarch64") {
    [0x05_04_03_02_01_00; 2]
} else {
    [0x09_08_07_0c_0d_0e, 0x04_0e_0d_0c_0b_05]
};

/// The layout for a monitor that was built for the machine it runs on.
///
/// # Errors
///
/// A structure or member that this kernel does not have.
pub(super) fn of_kernel(btf: &Btf) -> Result<KernelLayout, BtfError> {
    let task = |member: &str| btf.offset("task_struct", &[member]);
    // A kernel can be built without them.
    let has_cgroups = btf.offset("task_struct", &["cgroups"]).is_ok();
    let cgroup = |structure: &str, path: &[&str]| {
        if has_cgroups {
            btf.offset(structure, path)
        } else {
            Ok(0)
        }
    };
    let arm = cfg!(target_arch = "aarch64");
    let (word, compat_mask) = if arm {
        ("flags", TIF_32BIT)
    } else {
        ("status", TS_COMPAT)
    };
    let (native, compat) = if arm {
        (Abi::Aarch64, Abi::Arm)
    } else {
        (Abi::X86_64, Abi::I386)
    };
    Ok(KernelLayout {
        task_pid: task("pid")?,
        task_tgid: task("tgid")?,
        task_start: task("start_boottime")?,
        task_leader: task("group_leader")?,
        task_thread_pid: task("thread_pid")?,
        task_signal: task("signal")?,
        task_compat: btf.offset("task_struct", &["thread_info", word])?,
        compat_mask,
        signal_live: btf.offset("signal_struct", &["live"])?,
        pid_level: btf.offset("pid", &["level"])?,
        pid_numbers: btf.offset("pid", &["numbers"])?,
        upid_size: btf.size("upid")?,
        upid_nr: btf.offset("upid", &["nr"])?,
        upid_ns: btf.offset("upid", &["ns"])?,
        namespace_inum: btf.offset("pid_namespace", &["ns", "inum"])?,
        native_abi: native.tag().into(),
        compat_abi: compat.tag().into(),
        x32_bit: if arm { 0 } else { X32_SYSCALL_BIT },
        typed_task: btf.has_name("BPF_FUNC_get_current_task_btf").into(),
        task_real_parent: task("real_parent")?,
        task_children: task("children")?,
        task_sibling: task("sibling")?,
        task_thread_node: task("thread_node")?,
        signal_thread_head: btf.offset("signal_struct", &["thread_head"])?,
        newtask_pid: btf.offset("trace_event_raw_task_newtask", &["pid"])?,
        newtask_flags: btf.offset("trace_event_raw_task_newtask", &["clone_flags"])?,
        exec_old_pid: btf.offset("trace_event_raw_sched_process_exec", &["old_pid"])?,
        task_comm: task("comm")?,
        task_real_cred: task("real_cred")?,
        cred_uid: btf.offset("cred", &["uid"])?,
        task_cgroups: cgroup("task_struct", &["cgroups"])?,
        css_set_cgroup: cgroup("css_set", &["dfl_cgrp"])?,
        cgroup_kn: cgroup("cgroup", &["kn"])?,
        cgroup_self_parent: cgroup("cgroup", &["self", "parent"])?,
        cgroup_root: cgroup("cgroup", &["root"])?,
        root_hierarchy: cgroup("cgroup_root", &["hierarchy_id"])?,
        node_id: cgroup("kernfs_node", &["id"])?,
        cgroup_record_root: cgroup("trace_event_raw_cgroup", &["root"])?,
        cgroup_record_id: cgroup("trace_event_raw_cgroup", &["id"])?,
        cgroup_record_path: cgroup("trace_event_raw_cgroup", &["__data_loc_path"])?,
        task_namespaces: task("nsproxy")?,
        namespaces_mount: btf.offset("nsproxy", &["mnt_ns"])?,
        task_fs: task("fs")?,
        fs_working: btf.offset("fs_struct", &["pwd"])?,
        task_files: task("files")?,
        files_table: btf.offset("files_struct", &["fdt"])?,
        table_size: btf.offset("fdtable", &["max_fds"])?,
        table_files: btf.offset("fdtable", &["fd"])?,
        file_path: btf.offset("file", &["f_path"])?,
        file_inode: btf.offset("file", &["f_inode"])?,
        inode_mode: btf.offset("inode", &["i_mode"])?,
        path_mount: btf.offset("path", &["mnt"])?,
        path_entry: btf.offset("path", &["dentry"])?,
        entry_parent: btf.offset("dentry", &["d_parent"])?,
        entry_name: btf.offset("dentry", &["d_name", "name"])?,
        mount_root: btf.offset("vfsmount", &["mnt_root"])?,
        mount_inner: btf.offset("mount", &["mnt"])?,
        mount_parent: btf.offset("mount", &["mnt_parent"])?,
        mount_point: btf.offset("mount", &["mnt_mountpoint"])?,
        filename_name: btf.offset("filename", &["name"])?,
        submit_code: submitted(btf, "opcode"),
        submit_request: if io_uring::is_known(btf) {
            submitted(btf, "req")
        } else {
            0
        },
    })
}

/// Where a field stands in the record of what is submitted to io_uring; 0 where it does not.
fn submitted(btf: &Btf, field: &str) -> u32 {
    let record = |name| btf.offset(name, &[field]).ok();
    let now = record("trace_event_raw_io_uring_submit_req");
    now.or_else(|| record("trace_event_raw_io_uring_submit_sqe"))
        .unwrap_or(0)
}

#[cfg(test)]
mod needs_btf {
    use super::{Btf, of_kernel};

    #[test]
    #[ignore = "needs BTF"]
    fn the_running_kernel_has_every_member_and_keeps_them_apart() {
        let bytes = std::fs::read("/sys/kernel/btf/vmlinux").expect("this kernel has BTF");
        let btf = Btf::parse(&bytes).expect("the kernel's own BTF");
        let layout = of_kernel(&btf).expect("a supported kernel");
        assert_eq!(
            layout.task_tgid,
            layout.task_pid + 4,
            "tgid stands behind pid in task_struct"
        );
        assert!(layout.task_start > 0 && layout.task_signal > 0);
        assert_eq!(layout.upid_size, 16);
        assert!(btf.has_typedef("btf_trace_sys_enter"));
    }
}
