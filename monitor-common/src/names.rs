//! The names by which user space finds the probe's programs, maps and globals.

/// Program on the raw tracepoint of the same name: every system call.
pub const SYS_ENTER: &str = "sys_enter";
/// Program on the raw tracepoint of the same name: a task was made.
pub const FORK: &str = "sched_process_fork";
/// Program on the raw tracepoint of the same name: a process runs another program.
pub const EXEC: &str = "sched_process_exec";
/// Program on the raw tracepoint of the same name: a task ends.
pub const EXIT: &str = "sched_process_exit";

/// Program on the raw tracepoint of the same name: a cgroup is new.
pub const CGROUP_MADE: &str = "cgroup_mkdir";
/// Program on the raw tracepoint of the same name: a cgroup is gone.
pub const CGROUP_GONE: &str = "cgroup_rmdir";
/// Program on the raw tracepoint of the same name: a process changed its cgroup.
pub const CGROUP_JOINED: &str = "cgroup_attach_task";

/// Program on the perf tracepoint `raw_syscalls:sys_enter`: every system call.
pub const PERF_SYS_ENTER: &str = "perf_sys_enter";
/// Program on the perf tracepoint `task:task_newtask`: a task was made.
pub const PERF_FORK: &str = "perf_task_newtask";
/// Program on the perf tracepoint `sched:sched_process_exec`: a process runs another program.
pub const PERF_EXEC: &str = "perf_sched_process_exec";
/// Program on the perf tracepoint `sched:sched_process_exit`: a task ends.
pub const PERF_EXIT: &str = "perf_sched_process_exit";
/// Program on the perf tracepoint `cgroup:cgroup_mkdir`.
pub const PERF_CGROUP_MADE: &str = "perf_cgroup_mkdir";
/// Program on the perf tracepoint `cgroup:cgroup_rmdir`.
pub const PERF_CGROUP_GONE: &str = "perf_cgroup_rmdir";
/// Program on the perf tracepoint `cgroup:cgroup_attach_task`.
pub const PERF_CGROUP_JOINED: &str = "perf_cgroup_attach_task";

/// Ring of [`crate::record::Window`] records.
pub const RING: &str = "RING";
/// Array of u64: whose the slots are, by the thread's id in the initial pid namespace; 0 is nobody.
pub const SLOT_OWNERS: &str = "SLOT_OWNERS";
/// Array of [`crate::record::Window`]: the windows of the slots' owners.
pub const SLOT_WINDOWS: &str = "SLOT_WINDOWS";
/// Hash whose keys are the slots that have an owner.
pub const SLOT_CLAIMS: &str = "SLOT_CLAIMS";
/// Hash from the thread's id in the initial pid namespace to its [`crate::record::Window`], of
/// threads without a slot.
pub const THREADS: &str = "THREADS";
/// Hash from [`crate::record::left_key`] to the [`crate::record::Window`] of a thread that ended
/// while the ring was full.
pub const LEFT: &str = "LEFT";
/// Array of one u64: how many entries [`LEFT`] was ever given.
pub const EVER_LEFT: &str = "EVER_LEFT";
/// Hash from a tgid in the initial pid namespace to a [`crate::target::member`].
pub const PROCESSES: &str = "PROCESSES";
/// Array of one [`crate::target::Watched`].
pub const WATCHED: &str = "WATCHED";
/// Hash from the tgids to watch, in the monitor's own pid namespace, to a
/// [`crate::target::member`]; used only where that is not the initial one.
pub const NAMED_PROCESSES: &str = "NAMED_PROCESSES";
/// Hash from a cgroup's id to the [`crate::target::Service`] of those that are in it or below it.
pub const CGROUPS: &str = "CGROUPS";
/// Hash from a cgroup's path, [`crate::target::PATH_KEY`] bytes, to its [`crate::target::Service`]:
/// a cgroup that is made anew under it goes to [`CGROUPS`] at once.
pub const SERVICE_PATHS: &str = "SERVICE_PATHS";
/// Array of u64: by [`crate::target::share_place`] the bytes of each service's windows that wait in
/// the ring.
pub const RING_SHARES: &str = "RING_SHARES";
/// Array of u64: by [`crate::target::share_place`] the entries of each service in [`THREADS`],
/// behind them those of all.
pub const THREAD_SHARES: &str = "THREAD_SHARES";
/// The same of [`PROCESSES`].
pub const PROCESS_SHARES: &str = "PROCESS_SHARES";
/// Global, two u32: how many entries [`THREADS`] and [`PROCESSES`] can have.
pub const PLACES: &str = "PLACES";
/// Array of u64: the counters of what was lost, by [`crate::loss::place`].
pub const LOSSES: &str = "LOSSES";

/// Array of u8: which rule reads the call of a table and number ([`crate::touch::rule_place`]); 0
/// is none.
pub const RULE_OF: &str = "RULE_OF";
/// Array of [`crate::touch::Rule`].
pub const TOUCH_RULES: &str = "TOUCH_RULES";

/// Array of u8: by an error's number the bit of the class of outcomes that it is of, which is one
/// of eight; of 0, of what succeeds.
pub const OUTCOME_OF: &str = "OUTCOME_OF";
/// Array of what is read of the call that a thread is in, by the slot of the thread.
pub const PENDING: &str = "PENDING";
/// Array of one u64, whose memory is shared: the age by which a thing that was told is told again,
/// see [`crate::touch::told_in`].
pub const TOUCH_AGE: &str = "TOUCH_AGE";
/// Hash of the same of threads that have no slot, by the thread's number.
pub const PENDING_OTHERS: &str = "PENDING_OTHERS";
/// Programs of raw tracepoints that read what a call touches, by [`crate::touch::Stage`].
pub const RAW_STAGES: &str = "RAW_STAGES";
/// The same of perf tracepoints.
pub const PERF_STAGES: &str = "PERF_STAGES";
/// The programs of [`RAW_STAGES`], in its order.
pub const RAW_STAGE: [&str; 5] = [
    "touch_arguments",
    "touch_text",
    "touch_address",
    "touch_word",
    "touch_send",
];
/// The programs of [`PERF_STAGES`], in its order.
pub const PERF_STAGE: [&str; 5] = [
    "perf_touch_arguments",
    "perf_touch_text",
    "perf_touch_address",
    "perf_touch_word",
    "perf_touch_send",
];

/// Program on the perf tracepoint `io_uring:io_uring_submit_req`, or `io_uring_submit_sqe` before
/// Linux 6.0.
pub const PERF_IO_URING: &str = "perf_io_uring";
/// Program on perf tracepoints `syscalls:sys_exit_NAME`: a call with an outcome returns.
pub const PERF_SYS_EXIT: &str = "perf_sys_exit";

/// Global, u32: whether what calls touch is read, 0 or 1.
pub const READS_DETAILS: &str = "READS_DETAILS";
/// Global, u32: records of touches a second that are sent at most.
pub const TOUCHES_A_SECOND: &str = "TOUCHES_A_SECOND";
/// Global, two u64: in which words of `struct pt_regs` the six arguments of a native and of a
/// compat call are, a byte each.
pub const ARGUMENT_WORDS: &str = "ARGUMENT_WORDS";

/// Global, [`crate::target::Filter`]: what is watched.
pub const FILTER: &str = "FILTER";
/// Global, [`crate::target::KernelLayout`]: where this kernel keeps what the probe reads.
pub const LAYOUT: &str = "LAYOUT";
/// Global, u32: which bits of a thread's id in the initial pid namespace are its slot.
pub const SLOT_MASK: &str = "SLOT_MASK";
/// Global, u8: aya-log's level.
pub const LOG_LEVEL: &str = "AYA_LOG_LEVEL";
