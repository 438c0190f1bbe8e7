//! What holds for every source.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::syscall::event::{Abi, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use crate::syscall::table;
use crate::trace::input::Input;
use crate::trace::recording::{Header, RecordingWriter};
use crate::trace::{error, from_input};

/// Threads that begin and never end, each announced in the middle of another's calls, and lines
/// without a pid while many live.
fn strace_of_many_threads(size: usize) -> Vec<u8> {
    let mut text = String::new();
    for pid in 1..=size as u32 {
        text += &format!(
            "{pid} clone(child_stack=NULLstrace: Process {} attached\n",
            pid + 1
        );
        text += ") = 1\ngetpid() = 1\n";
        text += &format!("{} +++ exited with 0 +++\ngetpid() = 1\n", pid / 2);
    }
    text.into_bytes()
}

/// Threads whose end is told, one after the other, with lines that do not say of whom they are.
fn strace_of_churn(size: usize) -> Vec<u8> {
    let mut text = String::new();
    for pid in 1..=size {
        text += &format!("[pid {pid}] execve(\"/bin/a\" <unfinished ...>\n");
    }
    for pid in 1..=size {
        text += &format!("[pid {pid}] +++ exited with 0 +++\n--- SIGCHLD ---\nbrk(NULL) = 0x5\n");
        text += &format!("+++ superseded by execve in pid {} +++\n", size + pid);
    }
    text.into_bytes()
}

/// One line after which only brackets, marks and equals signs follow.
fn strace_of_one_line(size: usize) -> Vec<u8> {
    format!("execve(\"{}) = 0\n", "\\ = Process 1 <[(".repeat(size)).into_bytes()
}

fn names(size: usize) -> Vec<u8> {
    let mut text = String::from("read ");
    for place in 0..size {
        text += &format!("unknown{place} \u{feff}read ");
    }
    text.into_bytes()
}

fn numbers(size: usize) -> Vec<u8> {
    "6 \n 63 ".repeat(size).into_bytes()
}

/// Threads that interleave: every event is of another one, with another name.
fn recording(size: usize) -> Vec<u8> {
    let header = Header {
        started_unix_ns: 0,
        started_monotonic_ns: 0,
        native: Abi::X86_64,
        kernel: String::new(),
        targets: String::new(),
    };
    let mut writer = RecordingWriter::new(Vec::new(), &header).expect("memory");
    let call = table::call(Abi::X86_64, "read").expect("in the table");
    for place in 0..size as u64 * 4 {
        let tid = 1 + (place % 50_000) as u32;
        let stretch = Stretch {
            first_seq: place / 50_000,
            last_ns: place,
            calls: vec![call],
        };
        let event = Event {
            service: ServiceId::NONE,
            thread: ThreadKey {
                tgid: tid,
                tid,
                start_ns: 1,
            },
            comm: Comm::new(tid.to_string().as_bytes()),
            time_ns: place,
            kind: EventKind::Calls(stretch),
        };
        writer.event(&event).expect("memory");
    }
    writer.finish(0).expect("memory")
}

/// What this thread itself used of the processor: others do not count.
fn used() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .expect("a clock that every Linux has")
        .into()
}

fn read(bytes: &[u8]) -> Result<u64, error::TraceError> {
    let input = Input::from_reader("input", Box::new(std::io::Cursor::new(bytes.to_vec())))?;
    let mut source = from_input(input, Some(Abi::X86_64))?;
    for event in &mut source {
        event?;
    }
    Ok(source.summary().calls)
}

/// The least of three readings, which others disturb the least.
fn cost(bytes: &[u8]) -> Duration {
    let once = || {
        let before = used();
        read(bytes).expect("readable");
        used() - before
    };
    (0..3).map(|_| once()).min().unwrap_or_default()
}

/// Makes an input of a size.
type Maker = fn(usize) -> Vec<u8>;

#[test]
fn every_reader_is_linear_in_its_input() {
    let inputs: [(&str, Maker); 6] = [
        ("strace of many threads", strace_of_many_threads),
        ("strace of threads that churn", strace_of_churn),
        ("strace of one line", strace_of_one_line),
        ("names", names),
        ("numbers", numbers),
        ("a recording", recording),
    ];
    for (name, made) in inputs {
        const SIZE: usize = 20_000;
        let [one, two, four] = [1, 2, 4].map(|times| cost(&made(SIZE * times)));
        // Twice of what is linear, as caches hold the smaller ones; a quadratic reader takes 4 and
        // 16 times as long.
        assert!(two < one * 4, "{name}: {one:?}, {two:?}, {four:?}");
        assert!(four < one * 8, "{name}: {one:?}, {two:?}, {four:?}");
    }
}
