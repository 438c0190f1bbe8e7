//! A small corpus for every target, made by the project's own writers.

use std::io::{Cursor, Write as _};

use monitor::learn::Census;
use monitor::profile::Profile;
use monitor::profile::file::encode;
use monitor::syscall::event::{Abi, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use monitor::syscall::table;
use monitor::trace::recording::{Header, RecordingWriter};
use monitor_common::touch::{TOUCH, Touched};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// The target, a name, and the bytes.
pub type Seed = (&'static str, &'static str, Vec<u8>);

/// Every form of a line, with what old versions say in the middle of one.
const STRACE: &str = "[pid 3] 07:11:27.7 (+ 0.1) [ 2] clone(x|SIGCHLDstrace: Process 4 attached\n\
                      ) = 4\n4<a> 1795417887.7 execve(\"/bin/\\x78\", [] <unfinished ...>\n\
                      3 +++ superseded by execve in pid 4 +++\n[ Process PID=3 runs in 32 bit \
                      mode. ]\n\
                      <... execve resumed>) = 0\nsyscall_317(0) = ?\nProcess 3 detached\n\
                      openat(AT_FDCWD, \"/etc/\\303\\266\", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No \
                      such file)\n\
                      connect(3, {sa_family=AF_INET6, sin6_port=htons(53), inet_pton(AF_INET6, \
                      \"::1\", &sin6_addr)}, 28) = 0\n";

/// A structure with a member and an anonymous union, by the tables of Documentation/bpf/btf.rst.
fn btf() -> Vec<u8> {
    let strings = b"\0task_struct\0comm\0flags\0thread_info\0btf_trace_sys_enter\0";
    let info = |kind: u32, count: u32| kind << 24 | count;
    let words = [
        vec![13, info(1, 0), 4, 32],
        vec![24, info(4, 1), 8, 18, 1, 0],
        vec![0, info(5, 1), 8, 24, 2, 0],
        vec![1, info(4, 2), 16, 13, 1, 0, 0, 3, 64],
        vec![36, info(8, 0), 1],
    ]
    .concat();
    let length = words.len() as u32 * 4;
    let header = [0x1_eb9f, 24, 0, length, length, strings.len() as u32];
    let words = header.iter().chain(&words);
    let mut bytes: Vec<u8> = words.flat_map(|word| word.to_ne_bytes()).collect();
    bytes.extend(strings);
    bytes
}

fn event(kind: EventKind) -> Event {
    Event {
        thread: ThreadKey {
            tgid: 1,
            tid: 2,
            start_ns: 3,
        },
        comm: Comm::new(b"nginx"),
        service: ServiceId::default(),
        time_ns: 7,
        kind,
    }
}

fn events() -> Vec<Event> {
    let names = [
        "read", "write", "close", "openat", "read", "getpid", "read", "ptrace",
    ];
    let calls = names
        .iter()
        .filter_map(|name| table::call(Abi::X86_64, name));
    vec![
        event(EventKind::Fork {
            child_tgid: 1,
            child_tid: 2,
        }),
        event(EventKind::Calls(Stretch {
            first_seq: 0,
            last_ns: 9,
            calls: calls.collect(),
        })),
        event(EventKind::Exec),
        event(EventKind::Exit { count: 9 }),
    ]
}

fn recording() -> Vec<u8> {
    let header = Header {
        started_unix_ns: 1,
        started_monotonic_ns: 2,
        native: Abi::X86_64,
        kernel: "6.1".into(),
        targets: "pid 1".into(),
    };
    let mut writer = RecordingWriter::new(Vec::new(), &header).expect("memory");
    for event in events() {
        writer.event(&event).expect("memory");
    }
    writer.lost("ring full", 4).expect("memory");
    writer.finish(9).expect("memory")
}

/// The payloads of a recording's records after its header, each behind a byte of its length.
fn payloads(recording: &[u8]) -> Vec<u8> {
    let mut payloads = Vec::new();
    let mut rest = recording.get(12..).unwrap_or_default();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let payload = after.get(4..4 + length).unwrap_or_default();
        if let Ok(short) = u8::try_from(payload.len()) {
            payloads.push(short);
            payloads.extend(payload);
        }
        rest = after.get(4 + length..).unwrap_or_default();
    }
    payloads
}

fn profile() -> Profile {
    let mut census = Census::new(Profile::default());
    for event in events() {
        census.push(&event);
    }
    census.end_source();
    census.into_parts().0
}

/// An alarm as a monitor with a profile writes it.
#[must_use]
pub fn alarm() -> Value {
    let read = json!(["x86-64", 0, "read"]);
    let mut calls = vec![read; 40];
    calls.push(json!(["x86-64", 101, "ptrace"]));
    json!({
        "schema": 2, "type": "alarm", "id": "01HF7YAT00000000000000000A", "service": "web",
        "severity": "critical", "suppressed": null, "like": null, "provisional": false, "who": null,
        "source": null, "time_ns": 1, "time": "2026-01-02T03:04:05Z", "pid": 41, "tid": 42,
        "start_ns": 7, "comm": "sh", "pace": "first_seen", "score": 16.0,
        "score_bits": format!("{:016x}", 16.0_f64.to_bits()), "threshold": 12.0,
        "reasons": [{"pace": "first_seen", "score": 16.0, "threshold": 12.0}],
        "first_seen": [{"seq": 40, "kind": "call", "comm": null, "abi": "x86-64", "number": 101,
            "name": "ptrace", "detail": null, "nats": 16.0}],
        "evidence": "complete",
        "surprising": [{"seq": 40, "abi": "x86-64", "number": 101, "name": "ptrace", "index": 26,
            "surprise": 12.5, "expected": [{"abi": "x86-64", "number": 0, "index": 3,
            "name": "read", "probability": 0.9}],
            "pair": {"abi": "x86-64", "number": 0, "name": "read", "count": 0}}],
        "flight": {"first_seq": 0, "calls": calls, "names": [[0, "nginx"], [39, "sh"]],
            "touches": []},
        "lineage": [{"pid": 40, "comm": "nginx", "executed": false},
            {"pid": 41, "comm": "sh", "executed": true}],
        "model": {"name": "default", "sha256": "ab".repeat(32)},
        "profile": {"sha256": "cd".repeat(32), "adapted": false, "path": null},
    })
}

/// An incident of that alarm.
#[must_use]
pub fn incident() -> Value {
    json!({
        "schema": 2, "type": "incident", "id": "01HF7YAT00000000000000000B", "state": "opened",
        "changes": [], "service": "web", "severity": "critical", "headline": "web traced a process",
        "source": null, "time_ns": 3, "time": "2026-01-02T03:04:06Z", "opened_ns": 1,
        "opened": "2026-01-02T03:04:05Z", "last_ns": 2, "alarms": 1, "alike": 0, "first_seen": [],
        "alarm_ids": ["01HF7YAT00000000000000000A"], "alarm": "01HF7YAT00000000000000000A",
        "pid": 41, "comm": "sh", "who": null, "fingerprint": "ab", "provisional": false,
        "suppressed": null, "model": null, "profile": null,
    })
}

/// What followed that alarm.
#[must_use]
pub fn aftermath() -> Value {
    json!({
        "schema": 2, "type": "aftermath", "alarm": "01HF7YAT00000000000000000A", "source": null,
        "pid": 41, "tid": 42, "start_ns": 7, "first_seq": 41, "calls": [["x86-64", 59, "execve"]],
        "ended": true,
    })
}

/// Every seed.
#[must_use]
pub fn seeds() -> Vec<Seed> {
    let recording = recording();
    let cut = recording[..recording.len() / 2].to_vec();
    let profile = encode(&profile());
    let contents = profile[20..profile.len() - 32].to_vec();
    vec![
        ("trace", "recording", recording.clone()),
        ("trace", "strace", STRACE.into()),
        ("trace", "names", b"\xef\xbb\xbfread,write close".to_vec()),
        ("trace", "numbers", b"6 6 63 340".to_vec()),
        ("strace", "lines", STRACE.into()),
        ("payload", "records", payloads(&recording)),
        ("recording", "whole", recording),
        ("recording", "cut", cut),
        ("profile", "file", profile),
        // The contents alone, which the target seals anew.
        ("profile", "contents", contents),
        ("alarm", "line", alarm().to_string().into()),
        ("incident", "line", incident().to_string().into()),
        ("aftermath", "line", aftermath().to_string().into()),
        ("record", "window", vec![0; 512]),
        ("record", "touch", touch()),
        ("detail", "path", b"read:/etc/passwd".to_vec()),
        ("detail", "address", b"connect:[::1]:53".to_vec()),
        ("detail", "number", b"ptrace:16".to_vec()),
        (
            "config",
            "commented",
            include_bytes!("../../packaging/monitor.toml").to_vec(),
        ),
        (
            "config",
            "some",
            b"[judging]\ncpu = \"10%\"\n[[output]]\ntype = \"journal\"\n".to_vec(),
        ),
        (
            "manifest",
            "default",
            include_bytes!("../../models/default/manifest.json").to_vec(),
        ),
        ("key", "unit", b"unit:nginx.service".to_vec()),
        ("key", "pod", b"pod:a/b/c".to_vec()),
        (
            "request",
            "accept",
            b"POST /v1/incidents/01AB/accept?try&reason=a%20release".to_vec(),
        ),
        (
            "request",
            "act",
            b"POST /v1/services/unit:nginx.service/pause".to_vec(),
        ),
        ("request", "follow", b"GET /v1/incidents?follow".to_vec()),
        ("btf", "task", btf()),
        ("zip", "traces", zip_of(2)),
    ]
}

/// So many traces, every second one compressed, and a file that is none.
#[must_use]
pub fn zip_of(traces: usize) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let packed = plain.compression_method(CompressionMethod::Deflated);
    let trace = "6 6 63 ".repeat(40);
    let names = (0..traces).map(|number| format!("a/{number}.txt"));
    for (name, options) in names
        .chain(["a/.DS_Store".to_owned()])
        .zip([plain, packed].into_iter().cycle())
    {
        writer.start_file(name, options).expect("memory");
        writer.write_all(trace.as_bytes()).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

/// A record of a path of eight bytes, as long as the probe's own.
fn touch() -> Vec<u8> {
    let mut bytes = vec![0; Touched::SIZE];
    bytes[..4].copy_from_slice(&TOUCH.to_ne_bytes());
    bytes[4..8].copy_from_slice(&8_u32.to_ne_bytes());
    let memory = std::mem::offset_of!(Touched, memory);
    bytes[memory..memory + 8].fill(b'/');
    bytes
}
