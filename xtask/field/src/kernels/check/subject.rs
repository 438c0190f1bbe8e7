//! What the guest of one kernel handed out, and what is judged of it.

use monitor::syscall::event::Abi;

use super::verdict::{Verdict, accounted, ensure};
use crate::kernels::architecture::{Architecture, Emulated as _};
use crate::kernels::guest::Guest;
use crate::kernels::release::Release;
use crate::kernels::seen::Seen;

/// The first version that skips programs of raw tracepoints (include/trace/bpf_probe.h).
const SKIPS_SINCE: (u32, u32) = (7, 2);
/// The first version that counts BPF maps by the memory of their cgroup and not as locked memory.
const UNLOCKED_SINCE: (u32, u32) = (5, 11);

/// The guest of one kernel, with what is known of it.
pub struct Subject<'a> {
    /// What it handed out.
    pub guest: &'a Guest,
    /// Of which kernel.
    pub release: &'a Release,
    /// On which machine.
    pub architecture: Architecture,
}

impl Subject<'_> {
    pub(super) fn native(&self) -> Abi {
        self.architecture.tables().0
    }

    pub(super) fn compat(&self) -> Abi {
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
    pub(super) fn total(&self, name: &str, abi: impl FnOnce(&Self) -> Abi, wanted: u64) -> Verdict {
        let abi = abi(self);
        self.recorded(name, |seen| {
            let total = seen.total(abi);
            let what = format!("{name}: {total} of {wanted} calls, lost {}", seen.lost);
            accounted(seen, total == wanted, (total, wanted), what)
        })
    }

    /// So many threads of exactly so many calls, and nothing lost.
    pub(super) fn threads(&self, name: &str, threads: usize, calls: u64) -> Verdict {
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
    pub(super) fn children(&self, name: &str, threads: usize, calls: u64) -> Verdict {
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

    pub(super) fn chain(&self) -> Verdict {
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

    pub(super) fn capabilities(&self) -> Verdict {
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

    pub(super) fn locked(&self) -> Verdict {
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

    pub(super) fn nobody(&self) -> Verdict {
        let Some(status) = self.guest.status("nobody") else {
            return Verdict::Absent;
        };
        let said = self.guest.said("nobody");
        let told = status == 1 && said.contains("no permission");
        ensure(told, || format!("nobody: {said}"))
    }

    pub(super) fn model(&self) -> Verdict {
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
    pub(super) fn perf(&self) -> Verdict {
        match self.threads("all-perf", 8, 1000) {
            Verdict::Good(_) => self.threads("idle-perf", 20, 200),
            other => other,
        }
    }

    /// Raw tracepoints where the kernel skips their programs.
    pub(super) fn raw(&self) -> Verdict {
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
            "raw tracepoints, forced, of 8 busy threads: {all}; beside a caller at SCHED_IDLE: \
             {idle}"
        )))
    }

    pub(super) fn unloaded(&self) -> Verdict {
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
