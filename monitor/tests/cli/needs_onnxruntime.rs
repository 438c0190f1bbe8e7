//! Replay and score with the committed default model.

mod alarms;
mod library;
mod outcomes;
mod pipes;
mod profile;
mod replay;
mod score;

use std::fs;
use std::path::{Path, PathBuf};

use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, Stretch, ThreadKey};
use monitor::trace::recording::{Header, RecordingWriter};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Ran, run, run_with_input};

const MODEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/default");

/// A threshold that every sequence crosses as soon as a verdict is allowed.
const LOW: &str = "0.000001";

/// Numbers of the i386 table: 60 calls, more than the least for a verdict.
fn numbers() -> Vec<u32> {
    [5, 3, 197, 192, 3, 6, 91, 45, 4, 26].repeat(6)
}

fn replay(arguments: &[&str]) -> Ran {
    run(&[&["replay", "--model", MODEL], arguments].concat())
}

fn score(arguments: &[&str], input: &str) -> Ran {
    run_with_input(&[&["score", "--model", MODEL], arguments].concat(), input)
}

fn spelled(numbers: &[u32]) -> String {
    let words: Vec<_> = numbers.iter().map(u32::to_string).collect();
    words.join(" ")
}

fn adfa_file(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("trace.txt");
    fs::write(&path, spelled(&numbers())).expect("written");
    path
}

/// A recording of `numbers` as the calls of one i386 thread, in stretches of 7.
fn recording(path: &Path, numbers: &[u32]) {
    let header = Header {
        started_unix_ns: 1_000_000_000,
        started_monotonic_ns: 5_000,
        native: Abi::X86_64,
        kernel: "6.1.0".into(),
        targets: "pid 40".into(),
    };
    let file = fs::File::create(path).expect("created");
    let mut writer = RecordingWriter::new(file, &header).expect("written");
    let event = |time_ns, kind| Event {
        service: monitor::syscall::event::ServiceId::NONE,
        thread: ThreadKey {
            tgid: 40,
            tid: 41,
            start_ns: 7,
        },
        comm: Comm::new(b"evil\x1b[2J"),
        time_ns,
        kind,
    };
    for (place, calls) in numbers.chunks(7).enumerate() {
        let time_ns = 5_000 + place as u64;
        let stretch = Stretch {
            first_seq: place as u64 * 7,
            last_ns: time_ns,
            calls: calls
                .iter()
                .map(|&number| Call {
                    abi: Abi::I386,
                    number,
                })
                .collect(),
        };
        let event = event(time_ns, EventKind::Calls(stretch));
        writer.event(&event).expect("written");
    }
    let count = numbers.len() as u64;
    writer
        .event(&event(9_000, EventKind::Exit { count }))
        .expect("written");
    writer.finish(10_000).expect("written");
}

fn of_type(lines: &[Value], kind: &str) -> Vec<Value> {
    let found = lines.iter().filter(|line| line["type"] == kind);
    found.cloned().collect()
}
