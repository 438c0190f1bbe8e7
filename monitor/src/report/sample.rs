//! Statements for the tests of the sinks.

use std::sync::Arc;
use std::time::Duration;

use crate::detect::counters::{Counters, Coverage};
use crate::detect::severity::Severity;
use crate::detect::verdict::{
    Aftermath, Alarm, Evidence, Expected, Kin, Pace, SurprisingCall, ThreadEnd,
};
use crate::incident::headline::headline;
use crate::incident::{Incident, State};
use crate::profile::first_seen::{First, FirstSeen};
use crate::run::snapshot::{
    ModelIdentity, ProfileIdentity, Snapshot, SourceStatus, Summary, Unscored,
};
use crate::syscall::event::{Abi, Call, Comm, ThreadKey};
use crate::syscall::flight::Flight;
use crate::who::{Host, Program, User, Who};

pub fn call(number: u32) -> Call {
    Call {
        abi: Abi::X86_64,
        number,
    }
}

pub fn thread() -> ThreadKey {
    ThreadKey {
        tgid: 41,
        tid: 42,
        start_ns: 7,
    }
}

/// A thread with a hostile name that read twice and then called ptrace (x86-64 number 101).
pub fn alarm() -> Alarm {
    Alarm {
        id: "41-1".into(),
        time_ns: 12_000_000_000,
        thread: thread(),
        comm: Comm::new(b"evil\x1b[2J"),
        pace: Pace::Slow,
        score: 5.25,
        threshold: 3.2,
        evidence: Evidence::Complete,
        surprising: vec![SurprisingCall {
            seq: 2,
            call: call(101),
            index: 26,
            surprise: 12.5,
            expected: [(3, 0.61), (0, 0.05)].map(Expected::general).into(),
            pair: None,
        }],
        flight: Flight {
            first_seq: 0,
            calls: vec![call(0), call(0), call(101)],
            names: Vec::new(),
            touches: Vec::new(),
        },
        reasons: vec![(Pace::Slow, 5.25, 3.2)],
        first_seen: Vec::new(),
        lineage: Vec::new(),
        service: "web".into(),
        who: None,
        suppressed: None,
        provisional: false,
        judged_by: None,
    }
}

/// The same by a profile: a shell under nginx that the service never ran.
pub fn profiled_alarm() -> Alarm {
    let hostile = Comm::new(b"sh\x1b[2J");
    Alarm {
        pace: Pace::FirstSeen,
        score: 31.5,
        threshold: 16.25,
        reasons: vec![(Pace::FirstSeen, 31.5, 16.25), (Pace::Fast, 6.5, 4.5)],
        first_seen: vec![
            FirstSeen {
                seq: 0,
                what: First::Name(hostile),
                nats: 12.5,
            },
            FirstSeen {
                seq: 1,
                what: First::CallOfName(hostile, call(0)),
                nats: 9.0,
            },
            FirstSeen {
                seq: 2,
                what: First::Call(call(101)),
                nats: 16.0,
            },
        ],
        surprising: vec![SurprisingCall {
            seq: 2,
            call: call(101),
            index: 26,
            surprise: 12.5,
            expected: vec![Expected {
                call: Some(call(0)),
                index: 3,
                probability: 0.61,
            }],
            pair: Some((call(0), 0)),
        }],
        flight: Flight {
            first_seq: 0,
            calls: vec![call(0), call(0), call(101)],
            names: vec![(0, Comm::new(b"nginx")), (1, hostile)],
            touches: Vec::new(),
        },
        lineage: vec![
            Kin {
                tgid: 40,
                comm: Comm::new(b"nginx"),
                executed: false,
            },
            Kin {
                tgid: 41,
                comm: hostile,
                executed: true,
            },
        ],
        ..alarm()
    }
}

/// Who made the calls of [`profiled_alarm`].
pub fn who() -> Who {
    let program = |pid, comm: &str, executable: &str, command_line: &str| Program {
        pid,
        comm: comm.into(),
        executable: Some(executable.into()),
        command_line: Some(command_line.into()),
    };
    Who {
        host: Some(Arc::new(Host {
            name: Some("web-1".into()),
            machine_id: Some("ab".repeat(32)),
            boot_id: Some("cd".repeat(32)),
        })),
        user: Some(User {
            uid: 33,
            name: Some("www-data".into()),
        }),
        lineage: vec![
            program(40, "nginx", "/usr/sbin/nginx", "nginx: worker process"),
            program(41, "sh", "/usr/bin/dash", "/bin/sh -c id"),
        ],
        cgroup: Some("/system.slice/nginx.service".into()),
        unit: Some("nginx.service".into()),
        container: None,
    }
}

/// The incident of [`profiled_alarm`].
pub fn incident() -> Incident {
    let mut alarm = profiled_alarm();
    alarm.who = Some(Arc::new(who()));
    Incident {
        id: "01HF7YAT00AAAAAAAAAAAAAAAA".into(),
        state: State::Opened,
        changes: Vec::new(),
        service: "web".into(),
        severity: Severity::Critical,
        headline: headline(&alarm, &alarm.first_seen),
        opened_ns: 12_000_000_000,
        last_ns: 12_000_000_000,
        time_ns: 12_000_000_000,
        alarms: 3,
        alike: 1,
        first_seen: alarm.first_seen.clone(),
        alarm_ids: vec!["41-1".into()],
        alarm: Arc::new(alarm),
        provisional: false,
        fingerprint: "0123456789abcdef".into(),
        suppressed: None,
    }
}

pub fn aftermath() -> Aftermath {
    Aftermath {
        alarm: "41-1".into(),
        thread: thread(),
        first_seq: 3,
        calls: vec![call(0), call(60)],
        ended: true,
    }
}

pub fn thread_end() -> ThreadEnd {
    ThreadEnd {
        time_ns: 13_000_000_000,
        thread: thread(),
        comm: Comm::new(b"nginx"),
        calls: 10,
        scored: 8,
        lost: 2,
        mean_surprise: Some(1.25),
        highest_score: None,
        alarms: 1,
    }
}

pub fn summary() -> Summary {
    Summary {
        snapshot: Snapshot {
            incidents: (1, 0),
            cpu_allowed: Some(0.25),
            cpu_exhausted: false,
            outputs: Vec::new(),
            source_age: None,
            last_call_ns: 0,
            elapsed: Duration::from_millis(2500),
            source: SourceStatus {
                received: 1010,
                lost: vec![("ring full", 30), ("thread table full", 0)],
                missed: vec![("children not followed: process table full", 2)],
                threads: Some(3),
                processes: Some(1),
                attachment: Some("raw tracepoints"),
            },
            unscored: Unscored {
                calls: 12,
                stretches: 2,
                lifecycle: 0,
                touches: 0,
            },
            counters: Counters {
                asked: 990,
                answered: 693,
                adapted: 0,
                threads: 4,
                open_threads: 0,
                calls: 1000,
                scored: 990,
                lost: 42,
                restarts: 10,
                gaps: 3,
                repeated: 0,
                evicted: 0,
                alarms: 1,
                alike: 3,
                suppressed: 2,
                coverage: Coverage {
                    by_name: 700,
                    by_meaning: 250,
                    unmapped: 50,
                    commonest_unmapped: vec![(call(425), 40), (call(900), 10)],
                },
                io_uring_enter: 40,
                io_uring_submitted: 0,
                blind_since_ns: None,
                blind_ns: 0,
                stretches: Vec::new(),
                current_mean: None,
                highest_mean: Some(5.25),
            },
        },
        cpu: Duration::from_millis(125),
    }
}

pub fn model() -> ModelIdentity {
    ModelIdentity {
        name: "default".into(),
        sha256: "ab".repeat(32),
        slow_threshold: 3.2,
        fast_threshold: 6.5,
        profile: None,
    }
}

pub fn profiled_model() -> ModelIdentity {
    ModelIdentity {
        profile: Some(ProfileIdentity {
            sha256: "cd".repeat(32),
            adapted: true,
            path: Some("/var/lib/monitor/web.profile".into()),
            first_seen_threshold: 16.25,
            sequence_threshold: 24.5,
        }),
        ..model()
    }
}
