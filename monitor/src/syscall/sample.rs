//! Events for the tests of what takes them.

use super::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};

/// A thread of these numbers.
pub fn thread(tgid: u32, tid: u32) -> ThreadKey {
    ThreadKey {
        tgid,
        tid,
        start_ns: 9,
    }
}

/// What a thread that is called `test` does.
pub fn event(thread: ThreadKey, time_ns: u64, kind: EventKind) -> Event {
    Event {
        thread,
        comm: Comm::new(b"test"),
        service: ServiceId::NONE,
        time_ns,
        kind,
    }
}

/// A call of the native table of x86-64.
pub fn call(number: u32) -> Call {
    Call {
        abi: Abi::X86_64,
        number,
    }
}

/// Calls that are all made at one time.
pub fn stretch(thread: ThreadKey, first_seq: u64, time_ns: u64, calls: Vec<Call>) -> Event {
    let stretch = Stretch {
        first_seq,
        last_ns: time_ns,
        calls,
    };
    event(thread, time_ns, EventKind::Calls(stretch))
}
