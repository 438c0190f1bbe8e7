//! By which kind of tracepoint the probe sees what happens.

use std::{ffi::CStr, fmt, io};

use monitor_common::names;

use super::{limits::Limits, perf_event, preflight::Host, tracefs::Tracefs};

/// A kind of tracepoint.
///
/// Up to Linux 7.1 programs on raw tracepoints run with preemption off. From 7.2 on they can be
/// preempted (include/trace/bpf_probe.h), and while one is, the kernel skips it for every other
/// thread of its CPU. There the probe takes the perf tracepoints, which keep preemption off
/// (include/trace/perf.h) and cost more for each call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Attachment {
    /// `BPF_RAW_TRACEPOINT_OPEN`.
    Raw,
    /// `perf_event_open` with `PERF_TYPE_TRACEPOINT`.
    Perf,
}

impl fmt::Display for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The first version whose raw tracepoints run programs preemptibly.
const PREEMPTIBLE_SINCE: (u32, u32) = (7, 2);

impl Attachment {
    /// The kind in words, as reports show it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw tracepoints",
            Self::Perf => "perf tracepoints",
        }
    }

    /// What the running kernel needs, so that no call is skipped.
    #[must_use]
    pub fn needed(host: &Host) -> Self {
        match host.version() {
            Some(version) if version >= PREEMPTIBLE_SINCE => Self::Perf,
            _ => Self::Raw,
        }
    }
}

/// A program of the probe and the perf tracepoint that it belongs to.
pub(super) struct PerfTracepoint {
    /// The program's name.
    pub program: &'static str,
    /// The tracepoint's `perf_event_attr.config`.
    pub id: u64,
}

// In the order in which they are attached: calls last, so that no process is half-known.
const PERF: [(&str, &CStr); 4] = [
    (names::PERF_EXIT, c"events/sched/sched_process_exit/id"),
    (names::PERF_EXEC, c"events/sched/sched_process_exec/id"),
    (names::PERF_FORK, c"events/task/task_newtask/id"),
    (names::PERF_SYS_ENTER, c"events/raw_syscalls/sys_enter/id"),
];

// Before all others: whose a process is must be known by its first call.
const PERF_CGROUPS: [(&str, &CStr); 3] = [
    (names::PERF_CGROUP_GONE, c"events/cgroup/cgroup_rmdir/id"),
    (names::PERF_CGROUP_MADE, c"events/cgroup/cgroup_mkdir/id"),
    (
        names::PERF_CGROUP_JOINED,
        c"events/cgroup/cgroup_attach_task/id",
    ),
];

const RAW: [&str; 4] = [names::EXIT, names::EXEC, names::FORK, names::SYS_ENTER];
const RAW_CGROUPS: [&str; 3] = [names::CGROUP_GONE, names::CGROUP_MADE, names::CGROUP_JOINED];

/// The programs of calls and lives, with what each is attached to; in the order in which they are
/// to be attached, calls last.
pub(super) enum Hooks {
    /// Each program is named as its tracepoint.
    Raw(Vec<&'static str>),
    /// Each program goes to the tracepoint of an id.
    Perf(Vec<PerfTracepoint>),
}

impl Hooks {
    /// Those of the `wanted` kind, or of the kind that the kernel needs. Where the perf tracepoints
    /// are needed and cannot be had, the raw ones are taken, and what they miss is counted;
    /// `limits` says so.
    ///
    /// # Errors
    ///
    /// When the perf tracepoints are `wanted` and cannot be had.
    pub(super) fn new(
        host: &Host,
        wanted: Option<Attachment>,
        by_cgroup: bool,
        limits: &mut Limits,
    ) -> io::Result<Self> {
        match wanted.unwrap_or_else(|| Attachment::needed(host)) {
            Attachment::Raw => Ok(Self::raw(by_cgroup)),
            Attachment::Perf => match perf_tracepoints(by_cgroup) {
                Ok(tracepoints) => Ok(Self::Perf(tracepoints)),
                Err(error) if wanted.is_some() => Err(error),
                Err(error) => {
                    limits.tell(format!(
                        "calls can be missed: this kernel skips programs on raw tracepoints, and \
                         perf tracepoints cannot be had: {error}"
                    ));
                    Ok(Self::raw(by_cgroup))
                }
            },
        }
    }

    fn raw(by_cgroup: bool) -> Self {
        let cgroups = RAW_CGROUPS.into_iter().filter(|_| by_cgroup);
        Self::Raw(cgroups.chain(RAW).collect())
    }

    /// Which kind it is.
    pub(super) const fn attachment(&self) -> Attachment {
        match self {
            Self::Raw(_) => Attachment::Raw,
            Self::Perf(_) => Attachment::Perf,
        }
    }
}

fn perf_tracepoints(by_cgroup: bool) -> io::Result<Vec<PerfTracepoint>> {
    let tracefs = Tracefs::open()?;
    let tracepoint = |(program, file)| {
        let id = tracefs.id(file)?;
        Ok(PerfTracepoint { program, id })
    };
    let cgroups = PERF_CGROUPS.into_iter().filter(|_| by_cgroup);
    let found = cgroups.chain(PERF).map(tracepoint).collect();
    // Who may read tracefs need not be given perf events.
    perf_event::permitted().and(found)
}

#[cfg(test)]
mod tests {
    use super::{Attachment, Host};

    #[test]
    fn raw_tracepoints_are_left_where_their_programs_are_preempted() {
        let needed = |release: &str| {
            Attachment::needed(&Host {
                release: release.into(),
                capabilities: 0,
                lockdown: None,
                proc_self: None,
                btf: None,
            })
        };
        for release in [
            "5.10.0-32-cloud-amd64",
            "6.18.44",
            "7.1.13+deb13-cloud-amd64",
        ] {
            assert_eq!(needed(release), Attachment::Raw, "{release}");
        }
        for release in ["7.2.0-rc1", "7.10.1", "8.0.0"] {
            assert_eq!(needed(release), Attachment::Perf, "{release}");
        }
    }
}
