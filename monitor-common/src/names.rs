//! The names by which user space finds the probe's programs, maps and globals.

/// Program on the raw tracepoint of the same name: every system call.
pub const SYS_ENTER: &str = "sys_enter";
/// Program on the raw tracepoint of the same name: a task was made.
pub const FORK: &str = "sched_process_fork";
/// Program on the raw tracepoint of the same name: a process runs another program.
pub const EXEC: &str = "sched_process_exec";
/// Program on the raw tracepoint of the same name: a task ends.
pub const EXIT: &str = "sched_process_exit";

/// Program on the perf tracepoint `raw_syscalls:sys_enter`: every system call.
pub const PERF_SYS_ENTER: &str = "perf_sys_enter";
/// Program on the perf tracepoint `task:task_newtask`: a task was made.
pub const PERF_FORK: &str = "perf_task_newtask";
/// Program on the perf tracepoint `sched:sched_process_exec`: a process runs another program.
pub const PERF_EXEC: &str = "perf_sched_process_exec";
/// Program on the perf tracepoint `sched:sched_process_exit`: a task ends.
pub const PERF_EXIT: &str = "perf_sched_process_exit";

/// Ring of [`crate::record::Window`] records.
pub const RING: &str = "RING";
/// Array of u64: whose the slots are, by the thread's id in the initial pid namespace; 0 is nobody.
pub const SLOT_OWNERS: &str = "SLOT_OWNERS";
/// Array of [`crate::record::Window`]: the windows of the slots' owners.
pub const SLOT_WINDOWS: &str = "SLOT_WINDOWS";
/// Hash whose keys are the slots that have an owner.
pub const SLOT_CLAIMS: &str = "SLOT_CLAIMS";
/// Hash from the thread's id in the initial pid namespace to its [`crate::record::Window`], of threads without a slot and of
/// those that ended while the ring was full.
pub const THREADS: &str = "THREADS";
/// Hash from a tgid in the initial pid namespace to a [`crate::target::Membership`].
pub const PROCESSES: &str = "PROCESSES";
/// Array of u64 that tells of most processes whether they are in [`PROCESSES`] and watched:
/// [`crate::target::watched_entry`].
pub const WATCHED: &str = "WATCHED";
/// Hash whose keys are the tgids to watch, in the monitor's own pid namespace; used only where
/// that is not the initial one.
pub const NAMED_PROCESSES: &str = "NAMED_PROCESSES";
/// Per-CPU array of counters, one for each [`crate::loss::Loss`].
pub const LOSSES: &str = "LOSSES";

/// Array of u8: which rule reads the call of a table and number ([`crate::touch::rule_place`]); 0 is none.
pub const RULE_OF: &str = "RULE_OF";
/// Array of [`crate::touch::Rule`].
pub const TOUCH_RULES: &str = "TOUCH_RULES";

/// Global, u32: records of touches a second that are sent at most.
pub const TOUCHES_A_SECOND: &str = "TOUCHES_A_SECOND";
/// Global, two u64: in which words of `struct pt_regs` the six arguments of a native and of a compat call are, a byte each.
pub const ARGUMENT_WORDS: &str = "ARGUMENT_WORDS";

/// Global, [`crate::target::Filter`]: what is watched.
pub const FILTER: &str = "FILTER";
/// Global, [`crate::target::KernelLayout`]: where this kernel keeps what the probe reads.
pub const LAYOUT: &str = "LAYOUT";
/// Global, u32: which bits of a thread's id in the initial pid namespace are its slot.
pub const SLOT_MASK: &str = "SLOT_MASK";
/// Global, u8: aya-log's level.
pub const LOG_LEVEL: &str = "AYA_LOG_LEVEL";
