//! The calls without a counterpart in ADFA-LD's vocabulary, and why.

/// Why `restart_syscall` has no index.
pub const RESTART: &str = "the kernel's own resumption of a call already counted";

/// The calls without a counterpart: the reason, and which.
pub const NONE: &[(&str, &[&str])] = &[
    (
        "what it submits are calls of their own, of the ABI io_uring",
        &["io_uring_setup", "io_uring_enter", "io_uring_register"],
    ),
    (
        "does nothing, or manages what was submitted to io_uring before",
        &[
            "nop",
            "poll_remove",
            "timeout_remove",
            "async_cancel",
            "link_timeout",
            "files_update",
            "provide_buffers",
            "remove_buffers",
            "msg_ring",
            "fixed_fd_install",
        ],
    ),
    (
        "was several calls: open, read and close of /dev/urandom",
        &["getrandom"],
    ),
    (
        "was several calls: a loop of read and write",
        &["copy_file_range"],
    ),
    (
        "was several calls: open and unlink of a temporary file",
        &["memfd_create"],
    ),
    (
        "a step of the new mount interface, of which move_mount counts as mount",
        &[
            "open_tree",
            "open_tree_attr",
            "fsopen",
            "fsconfig",
            "fsmount",
            "fspick",
        ],
    ),
    (
        "what it does did not exist in Linux 2.6.38",
        &[
            "name_to_handle_at",
            "open_by_handle_at",
            "setns",
            "kcmp",
            "bpf",
            "userfaultfd",
            "membarrier",
            "pkey_alloc",
            "pkey_free",
            "rseq",
            "pidfd_open",
            "pidfd_getfd",
            "landlock_create_ruleset",
            "landlock_add_rule",
            "landlock_restrict_self",
            "memfd_secret",
            "process_mrelease",
            "set_mempolicy_home_node",
            "cachestat",
            "map_shadow_stack",
            "statmount",
            "listmount",
            "lsm_get_self_attr",
            "lsm_set_self_attr",
            "lsm_list_modules",
            "mseal",
            "uprobe",
            "uretprobe",
        ],
    ),
    (
        "a number reserved on x86-64, never implemented",
        &["tuxcall", "security", "epoll_ctl_old", "epoll_wait_old"],
    ),
    (
        "particular to Arm",
        &[
            "pciconfig_iobase",
            "pciconfig_read",
            "pciconfig_write",
            "breakpoint",
            "cacheflush",
            "usr26",
            "usr32",
            "get_tls",
        ],
    ),
];
