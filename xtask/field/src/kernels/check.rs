//! What must hold on every kernel.
//!
//! The programs that are watched make known numbers of calls, so nearly every check is exact. Where
//! the kernel may skip programs, from 7.2 on, what is missing must be counted as skipped, and the
//! table says how much that was.

mod subject;

mod verdict;

use monitor::syscall::event::Abi;

pub use subject::Subject;
pub use verdict::Verdict;

/// A check.
pub struct Check {
    /// What it shows, as the table has it.
    pub shows: &'static str,
    judge: fn(&Subject<'_>) -> Verdict,
}

impl Check {
    /// Judges what the guest handed out.
    pub fn judge(&self, subject: &Subject<'_>) -> Verdict {
        (self.judge)(subject)
    }
}

const fn check(shows: &'static str, judge: fn(&Subject<'_>) -> Verdict) -> Check {
    Check { shows, judge }
}

/// All checks, in the order of the table.
pub const CHECKS: [Check; 25] = [
    check(
        "the verifier takes the probe; 1,000 calls of a command",
        |it| it.total("plain", Subject::native, 1000),
    ),
    check("`--pid`: 1,000 calls of a running process", |it| {
        it.total("pid", Subject::native, 1000)
    }),
    check(
        "20 children with 100 calls each, every fork reported",
        |it| it.children("children", 20, 100),
    ),
    check("8 threads with 1,000 calls each", |it| {
        it.children("threads", 8, 1000)
    }),
    check("a chain of 10 execs", |it| it.chain()),
    check("an exec by another thread than the leader", |it| {
        it.total("execthread", Subject::native, 60)
    }),
    check("int 0x80 from 64-bit code", |it| {
        it.total("int80", |_| Abi::I386, 100)
    }),
    check("x32", |it| it.total("x32", |_| Abi::X32, 100)),
    check("a 32-bit program", |it| {
        it.total("compat", Subject::compat, 1000)
    }),
    check("`--all`: 8 threads with 1,000 calls each", |it| {
        it.threads("all", 8, 1000)
    }),
    check("`--all`: 20 short processes with 10 calls each", |it| {
        it.threads("short", 20, 10)
    }),
    check(
        "`--all`: 20 processes beside a caller at SCHED_IDLE on the same CPU",
        |it| it.threads("idle", 20, 200),
    ),
    check("`--comm`", |it| it.total("comm", Subject::native, 1000)),
    check("`--uid`", |it| it.total("uid", Subject::native, 1000)),
    check("`--cgroup`, a cgroup below it", |it| {
        it.total("cgroup", Subject::native, 1000)
    }),
    check("in a pid namespace: 20 children, by its ids", |it| {
        it.children("nested", 20, 100)
    }),
    check("in a pid namespace: 8 threads, by its ids", |it| {
        it.children("nested-threads", 8, 100)
    }),
    check("a pid namespace below the monitor's: 5 children", |it| {
        it.children("below", 5, 100)
    }),
    check("without root, with CAP_BPF and CAP_PERFMON", |it| {
        it.capabilities()
    }),
    check("the same with 64 KiB of locked memory", |it| it.locked()),
    check("refused without capabilities, in a sentence", |it| {
        it.nobody()
    }),
    check("the model judges a command of 300 calls", |it| it.model()),
    check(
        "perf tracepoints, forced: what the kernel skips is counted",
        |it| it.perf(),
    ),
    check(
        "raw tracepoints, forced: what the kernel skips is counted",
        |it| it.raw(),
    ),
    check("nothing of the probe is left in the kernel", |it| {
        it.unloaded()
    }),
];

#[cfg(test)]
mod tests;
