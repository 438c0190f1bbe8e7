//! What must hold on every kernel.
//!
//! The programs that are watched make known numbers of calls, so nearly every check is exact. Where
//! the kernel may skip programs, from 7.2 on, what is missing must be counted as skipped, and the table says how much
//! that was.

use monitor::syscall::event::Abi;

use super::architecture::{Architecture, Emulated as _};
use super::guest::Guest;
use super::release::Release;
use super::seen::Seen;

/// The guest of one kernel, with what is known of it.
pub struct Subject<'a> {
    /// What it handed out.
    pub guest: &'a Guest,
    /// Of which kernel.
    pub release: &'a Release,
    /// On which machine.
    pub architecture: Architecture,
}

/// How a check came out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It holds; with a remark, where the table should have one.
    Good(Option<String>),
    /// It does not, and why.
    Bad(String),
    /// This kernel has not what is checked.
    Absent,
}

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

/// The first version that skips programs of raw tracepoints (include/trace/bpf_probe.h).
const SKIPS_SINCE: (u32, u32) = (7, 2);
/// The first version that counts BPF maps by the memory of their cgroup and not as locked memory.
const UNLOCKED_SINCE: (u32, u32) = (5, 11);

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds {
        Verdict::Good(None)
    } else {
        Verdict::Bad(otherwise())
    }
}

/// Judges what was recorded of `made` calls, of which `found` are there; `complete` says whether all of it is as it must be.
///
/// Calls that the kernel skipped are no failure where they are counted, to the last one.
fn accounted(seen: &Seen, complete: bool, (found, made): (u64, u64), what: String) -> Verdict {
    if complete && seen.lost == 0 {
        return Verdict::Good(None);
    }
    if seen.skipped > 0 && seen.lost == seen.skipped && found + seen.skipped >= made {
        let skipped = seen.skipped;
        return Verdict::Good(Some(format!(
            "{what}, of which {skipped} skipped by the kernel and counted"
        )));
    }
    Verdict::Bad(what)
}

impl Subject<'_> {
    fn native(&self) -> Abi {
        self.architecture.tables().0
    }

    fn compat(&self) -> Abi {
        self.architecture.tables().1
    }

    fn skips(&self) -> bool {
        self.release.series() >= SKIPS_SINCE
    }

    /// Applies `judge` to what was recorded, when the monitor ended well.
    fn recorded(&self, name: &str, judge: impl FnOnce(&Seen) -> Verdict) -> Verdict {
        let said = self.guest.said(name);
        match self.guest.status(name) {
            None => Verdict::Absent,
            Some(0) => match self.guest.seen(name) {
                Ok(seen) => judge(&seen),
                Err(why) => Verdict::Bad(format!("{name}: {why:#}")),
            },
            Some(status) => Verdict::Bad(format!("{name}: status {status}: {said}")),
        }
    }

    /// So many calls by a table in all, and nothing lost.
    fn total(&self, name: &str, abi: impl FnOnce(&Self) -> Abi, wanted: u64) -> Verdict {
        let abi = abi(self);
        self.recorded(name, |seen| {
            let total = seen.total(abi);
            let what = format!("{name}: {total} of {wanted} calls, lost {}", seen.lost);
            accounted(seen, total == wanted, (total, wanted), what)
        })
    }

    /// So many threads of exactly so many calls, and nothing lost.
    fn threads(&self, name: &str, threads: usize, calls: u64) -> Verdict {
        self.recorded(name, |seen| {
            let found = seen.threads_of(self.native(), calls).len();
            let what = format!(
                "{name}: {found} of {threads} threads with {calls} calls, lost {}",
                seen.lost
            );
            let made = threads as u64 * calls;
            accounted(
                seen,
                found == threads,
                (seen.total(self.native()), made),
                what,
            )
        })
    }

    /// The same, each of them told of by its maker, by the same ids.
    fn children(&self, name: &str, threads: usize, calls: u64) -> Verdict {
        self.recorded(name, |seen| {
            let found = seen.threads_of(self.native(), calls);
            let announced = seen.announced(&found);
            let complete = found.len() == threads && announced == threads;
            let what = format!(
                "{name}: {} of {threads} with {calls} calls, {announced} announced, lost {}",
                found.len(),
                seen.lost
            );
            let made = threads as u64 * calls;
            accounted(seen, complete, (seen.total(self.native()), made), what)
        })
    }

    fn chain(&self) -> Verdict {
        self.recorded("chain", |seen| {
            let total = seen.total(self.native());
            // The first is that of the command itself.
            let what = format!(
                "chain: {total} of 1100 calls, {} of 11 execs, lost {}",
                seen.execs, seen.lost
            );
            accounted(seen, total == 1100 && seen.execs == 11, (total, 1100), what)
        })
    }

    fn capabilities(&self) -> Verdict {
        let name = "capabilities";
        if self.guest.said(name).contains("locked memory") {
            return Verdict::Bad(self.guest.said(name));
        }
        if !self.skips() {
            return self.total(name, Subject::native, 1000);
        }
        self.recorded(name, |seen| {
            let total = seen.total(self.native());
            let warned = self.guest.said(name).contains("calls can be missed");
            ensure(warned && (total == 1000 || seen.skipped > 0), || {
                format!(
                    "{name}: {total} of 1000 calls, skipped {}, warned: {warned}",
                    seen.skipped
                )
            })
        })
    }

    fn locked(&self) -> Verdict {
        let Some(status) = self.guest.status("locked") else {
            return Verdict::Absent;
        };
        let said = self.guest.said("locked");
        if self.release.series() >= UNLOCKED_SINCE {
            return ensure(status == 0, || format!("locked: status {status}: {said}"));
        }
        let told = status == 1
            && said.lines().count() == 1
            && said.contains("locked memory")
            && said.contains("ulimit -l");
        if told {
            Verdict::Good(Some(
                "refused with the remedy: the kernel counts maps as locked memory before 5.11"
                    .into(),
            ))
        } else {
            Verdict::Bad(format!("locked: {said}"))
        }
    }

    fn nobody(&self) -> Verdict {
        let Some(status) = self.guest.status("nobody") else {
            return Verdict::Absent;
        };
        let said = self.guest.said("nobody");
        let told = status == 1 && said.contains("no permission");
        ensure(told, || format!("nobody: {said}"))
    }

    fn model(&self) -> Verdict {
        let Some(status) = self.guest.status("model") else {
            return Verdict::Absent;
        };
        let said = self.guest.said("model");
        let summary = said.lines().last().unwrap_or_default();
        let number = |field: &str| {
            let summary: serde_json::Value = serde_json::from_str(summary).ok()?;
            summary.get(field)?.as_u64()
        };
        let (calls, lost) = (number("calls"), number("lost"));
        ensure(status == 0 && calls >= Some(300) && lost == Some(0), || {
            format!(
                "model: status {status}, calls {calls:?}, lost {lost:?}: {}",
                self.guest.text("model.errors")
            )
        })
    }

    /// Perf tracepoints where the kernel does not need them.
    fn perf(&self) -> Verdict {
        match self.threads("all-perf", 8, 1000) {
            Verdict::Good(_) => self.threads("idle-perf", 20, 200),
            other => other,
        }
    }

    /// Raw tracepoints where the kernel skips their programs.
    fn raw(&self) -> Verdict {
        let mut remarks = Vec::new();
        for (name, threads, calls) in [("all-raw", 8, 1000), ("idle-raw", 20, 200)] {
            let verdict = self.recorded(name, |seen| {
                let whole = seen.threads_of(self.native(), calls).len();
                remarks.push(format!(
                    "{whole} of {threads} threads seen whole, {} calls skipped and counted",
                    seen.skipped
                ));
                ensure(whole == threads || seen.skipped > 0, || {
                    format!("{name}: {whole} of {threads} whole and nothing counted")
                })
            });
            if !matches!(verdict, Verdict::Good(_)) {
                return verdict;
            }
        }
        let [all, idle] = remarks.as_slice() else {
            return Verdict::Absent;
        };
        Verdict::Good(Some(format!(
            "raw tracepoints, forced, of 8 busy threads: {all}; beside a caller at SCHED_IDLE: {idle}"
        )))
    }

    fn unloaded(&self) -> Verdict {
        let before = self.guest.text("programs.before");
        let after = self.guest.text("programs.after");
        ensure(!before.is_empty() && before == after, || {
            format!("{before} BPF programs before, {after} after")
        })
    }

    /// By which kind of tracepoint the monitor attached by itself.
    pub fn attachment(&self) -> String {
        let said = self.guest.said("plain");
        let by = said
            .lines()
            .find_map(|line| line.trim().strip_prefix("attached"));
        by.map_or_else(
            || "raw tracepoints".into(),
            |by| by.trim().trim_start_matches("by ").to_owned(),
        )
    }
}

#[cfg(test)]
mod tests;
