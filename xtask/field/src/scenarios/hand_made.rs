//! Recordings made by hand, for tests.

use std::fs;
use std::path::{Path, PathBuf};

use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use monitor::trace::recording::{Header, RecordingWriter};

/// Nanoseconds of a millisecond.
pub const MS: u64 = 1_000_000;

/// Events that are written as a recording.
#[derive(Default)]
pub struct HandMade {
    events: Vec<Event>,
}

fn key(tgid: u32, tid: u32) -> ThreadKey {
    ThreadKey {
        tgid,
        tid,
        start_ns: 1,
    }
}

impl HandMade {
    fn event(mut self, thread: ThreadKey, time_ns: u64, kind: EventKind) -> Self {
        self.events.push(Event {
            service: ServiceId::NONE,
            thread,
            comm: Comm::new(b"service"),
            time_ns,
            kind,
        });
        self
    }

    /// Calls of the x86-64 table, one a millisecond from `time_ns` on.
    pub fn calls(
        self,
        (tgid, tid): (u32, u32),
        first_seq: u64,
        time_ns: u64,
        calls: &[u32],
    ) -> Self {
        let call = |&number: &u32| Call {
            abi: Abi::X86_64,
            number,
        };
        let stretch = Stretch {
            first_seq,
            last_ns: time_ns + (calls.len() as u64 - 1) * MS,
            calls: calls.iter().map(call).collect(),
        };
        self.event(key(tgid, tid), time_ns, EventKind::Calls(stretch))
    }

    /// A process is forked.
    pub fn fork(self, tgid: u32, child: u32, time_ns: u64) -> Self {
        let kind = EventKind::Fork {
            child_tgid: child,
            child_tid: child,
        };
        self.event(key(tgid, tgid), time_ns, kind)
    }

    /// A process ends.
    pub fn exit(self, tgid: u32, time_ns: u64, count: u64) -> Self {
        self.event(key(tgid, tgid), time_ns, EventKind::Exit { count })
    }

    /// Writes the recording.
    pub fn write(self, folder: &Path, name: &str) -> PathBuf {
        let header = Header {
            started_unix_ns: 0,
            started_monotonic_ns: 0,
            native: Abi::X86_64,
            kernel: "6.1.0-test".to_owned(),
            targets: String::new(),
        };
        let mut writer = RecordingWriter::new(Vec::new(), &header).expect("memory");
        for event in &self.events {
            writer.event(event).expect("memory");
        }
        let path = folder.join(name);
        fs::write(&path, writer.finish(0).expect("memory")).expect("written");
        path
    }
}
