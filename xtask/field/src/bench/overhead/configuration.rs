//! By whom a workload is watched.

mod start;

use serde::{Serialize, Serializer};

/// Who watches.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Configuration {
    /// Nobody.
    Alone,
    /// An empty program on the raw tracepoint `sys_enter`.
    Empty,
    /// Empty programs on the raw tracepoints `sys_enter` and `sys_exit`.
    EmptyBoth,
    /// `monitor --pid`, scoring by the general model.
    Pid,
    /// The same with `--details off`.
    PidBare,
    /// `monitor --pid` with a profile of the workload.
    Profile,
    /// The same with `--details off`.
    ProfileBare,
    /// `monitor --pid` with `--cpu 10%`.
    Budget,
    /// `monitor record --pid`: captured and written, not scored.
    Record,
    /// `monitor --pid` of another process.
    Elsewhere,
    /// The same with `--details off`.
    ElsewhereBare,
    /// `monitor --all`.
    All,
    /// `strace -f`, its output thrown away.
    Strace,
    /// `perf trace`, its output thrown away.
    Perf,
    /// `bpftrace`, counting by thread.
    Bpftrace,
    /// `sysdig` with its modern probe.
    Sysdig,
}

impl std::fmt::Display for Configuration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Configuration {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl Configuration {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Alone,
        Self::Empty,
        Self::EmptyBoth,
        Self::Pid,
        Self::PidBare,
        Self::Profile,
        Self::ProfileBare,
        Self::Budget,
        Self::Record,
        Self::Elsewhere,
        Self::ElsewhereBare,
        Self::All,
        Self::Strace,
        Self::Perf,
        Self::Bpftrace,
        Self::Sysdig,
    ];

    /// As on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Empty => "empty",
            Self::EmptyBoth => "empty-both",
            Self::Pid => "pid",
            Self::PidBare => "pid-bare",
            Self::Profile => "profile",
            Self::ProfileBare => "profile-bare",
            Self::Budget => "budget",
            Self::Record => "record",
            Self::Elsewhere => "elsewhere",
            Self::ElsewhereBare => "elsewhere-bare",
            Self::All => "all",
            Self::Strace => "strace",
            Self::Perf => "perf",
            Self::Bpftrace => "bpftrace",
            Self::Sysdig => "sysdig",
        }
    }

    /// Whether it leaves out what calls touch.
    const fn is_bare(self) -> bool {
        matches!(
            self,
            Self::PidBare | Self::ProfileBare | Self::ElsewhereBare
        )
    }

    /// Whether it is judged by a profile.
    pub const fn has_profile(self) -> bool {
        matches!(self, Self::Profile | Self::ProfileBare)
    }

    /// Whether it takes some time to find how much it may do.
    pub const fn settles(self) -> bool {
        matches!(
            self,
            Self::Pid
                | Self::PidBare
                | Self::Profile
                | Self::ProfileBare
                | Self::Budget
                | Self::All
        )
    }

    /// In words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Empty => "an empty BPF program",
            Self::EmptyBoth => "empty BPF programs on `sys_enter` and `sys_exit`",
            Self::Pid => "`monitor --pid`",
            Self::PidBare => "`monitor --pid --details off`",
            Self::Profile => "`monitor --pid --profile`",
            Self::ProfileBare => "`monitor --pid --profile --details off`",
            Self::Budget => "`monitor --pid --cpu 10%`",
            Self::Record => "`monitor record --pid`",
            Self::Elsewhere => "`monitor --pid` of another process",
            Self::ElsewhereBare => "`monitor --pid --details off` of another process",
            Self::All => "`monitor --all`",
            Self::Strace => "`strace -f`",
            Self::Perf => "`perf trace`",
            Self::Bpftrace => "`bpftrace`, count by thread",
            Self::Sysdig => "`sysdig`, modern probe",
        }
    }
}
