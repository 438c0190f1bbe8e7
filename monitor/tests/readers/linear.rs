//! A reader that is given twice as much takes twice the time and twice the memory, and no more.

use std::fs;
use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use monitor::alarm_log::notes::{Note, NoteKind, Notes};
use monitor::alarm_log::stored::Log;
use monitor::config;
use monitor::guard::asked::Asked;
use monitor::learn::Census;
use monitor::model::manifest::Manifest;
use monitor::profile::Profile;
use monitor::profile::file::{decode, encode};
use monitor::report::json::alarm::AlarmRecord;
use monitor::report::page::incident::IncidentPage;
use monitor::syscall::event::{Abi, Call, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use monitor::syscall::table;
use monitor::trace::from_input;
use monitor::trace::input::Input;
use monitor::trace::recording::{Header, RecordingWriter};
use nix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::btf::Btf;
use crate::counted::peak_of;
use crate::entries::unpack;
use crate::seeds;

/// What this thread itself used of the processor: others do not count.
fn used() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .expect("a clock that every Linux has")
        .into()
}

/// The least time of three readings, which others disturb the least, and the most memory of one.
fn cost<T: ?Sized>(input: &T, read: &dyn Fn(&T)) -> (Duration, usize) {
    let peak = peak_of(|| read(input));
    let once = |_| {
        let before = used();
        read(input);
        used() - before
    };
    ((0..3).map(once).min().unwrap_or_default(), peak)
}

/// Measures inputs of one, two and four times a size.
///
/// What is linear takes four times as long for four times as much, and what is quadratic sixteen
/// times: the bound lies between, and a machine that is busy with something else has three
/// attempts. A size for which a reading takes less than a millisecond tells nothing, so it is
/// raised until it does.
fn is_linear<I: AsRef<T>, T: ?Sized>(
    name: &str,
    size: usize,
    made: impl Fn(usize) -> I,
    read: impl Fn(&T),
) {
    let read: &dyn Fn(&T) = &read;
    let mut size = size;
    let mut told = Vec::new();
    for _ in 0..3 {
        let mut one = cost(made(size).as_ref(), read);
        while one.0 < Duration::from_millis(1) && size < 1 << 16 {
            size *= 2;
            one = cost(made(size).as_ref(), read);
        }
        let [two, four] = [2, 4].map(|times| cost(made(size * times).as_ref(), read));
        // Tables double, so that what grows by a byte may hold twice as much.
        assert!(
            four.1 < 9 * one.1 + (1 << 16),
            "{name}: {} and {} bytes held",
            one.1,
            four.1
        );
        if four.0 < one.0 * 10 {
            return;
        }
        told.push([one.0, two.0, four.0]);
    }
    panic!("{name} at one, two and four times {size}: {told:?}");
}

/// Threads that begin and never end, each announced in the middle of another's calls, and lines
/// without a pid while many live.
fn strace_of_many_threads(size: usize) -> Vec<u8> {
    let mut text = String::new();
    for pid in 1..=size as u32 {
        let next = pid + 1;
        text += &format!("{pid} clone(child_stack=NULLstrace: Process {next} attached\n");
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

/// Threads that are all in a call at the same time, and leave it in the order in which they entered
/// or the other way round, by the lines of both formats that say of whom they are.
fn strace_of_calls_that_wait(size: usize) -> Vec<u8> {
    let mut text = String::new();
    for pid in 1..=size {
        text += &format!("[pid {pid}] 12:00:00 read(3,  <unfinished ...>\n");
    }
    for pid in (1..=size).rev() {
        text += &format!("{pid} 12:00:01 <... read resumed>\"\", 4) = 0\n");
        text += &format!("{pid} 12:00:01 poll([{{fd=3}}], 1, -1 <unfinished ...>\n");
    }
    for pid in 1..=size {
        text += &format!("[pid {pid}] 12:00:02 <... poll resumed>) = 1\n");
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

/// Calls of threads that interleave: every event is of another one, with another name.
fn events(size: usize, calls: &[Call]) -> impl Iterator<Item = Event> {
    (0..size as u64).map(move |place| {
        let tid = 1 + (place % 50_000) as u32;
        // A sequence that hardly ever comes twice.
        let call = calls[(place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as usize % calls.len()];
        Event {
            service: ServiceId::NONE,
            thread: ThreadKey {
                tgid: tid,
                tid,
                start_ns: 1,
            },
            comm: Comm::new(tid.to_string().as_bytes()),
            time_ns: place,
            kind: EventKind::Calls(Stretch {
                first_seq: place / 50_000,
                last_ns: place,
                calls: vec![call],
            }),
        }
    })
}

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
    for event in events(size * 4, &[call]) {
        writer.event(&event).expect("memory");
    }
    writer.finish(0).expect("memory")
}

fn trace(bytes: &[u8]) {
    black_box(calls(bytes));
}

/// How many calls a trace has.
fn calls(bytes: &[u8]) -> u64 {
    let input = Input::from_reader("input", Box::new(std::io::Cursor::new(bytes.to_vec())));
    let mut source = from_input(input.expect("memory"), Some(Abi::X86_64)).expect("a source");
    for event in &mut source {
        black_box(event.expect("readable"));
    }
    source.summary().calls
}

#[test]
fn traces_are_read_in_linear_time() {
    is_linear(
        "strace of many threads",
        10_000,
        strace_of_many_threads,
        trace,
    );
    is_linear(
        "strace of threads that churn",
        10_000,
        strace_of_churn,
        trace,
    );
    assert_eq!(calls(&strace_of_calls_that_wait(100)), 200);
    is_linear(
        "strace of calls that wait",
        10_000,
        strace_of_calls_that_wait,
        trace,
    );
    is_linear("strace of one line", 10_000, strace_of_one_line, trace);
    is_linear("names", 10_000, names, trace);
    is_linear("numbers", 10_000, numbers, trace);
    is_linear("a recording", 10_000, recording, trace);
}

/// A profile whose sequences and names grow with its size.
fn profile(size: usize) -> Vec<u8> {
    let calls: Vec<_> = table::calls(Abi::X86_64).collect();
    let mut census = Census::new(Profile::default());
    let thread = |event: Event| Event {
        thread: ThreadKey {
            tgid: 1,
            tid: 1,
            start_ns: 1,
        },
        ..event
    };
    for (place, event) in events(size, &calls).map(thread).enumerate() {
        let kind = match event.kind {
            EventKind::Calls(stretch) => EventKind::Calls(Stretch {
                first_seq: place as u64,
                ..stretch
            }),
            kind => kind,
        };
        census.push(&Event { kind, ..event });
    }
    census.end_source();
    encode(&census.into_parts().0)
}

#[test]
fn a_profile_is_read_in_linear_time() {
    is_linear("a profile", 5_000, profile, |bytes: &[u8]| {
        black_box(decode(bytes).expect("a profile"));
    });
}

/// A log of so many alarms, each with an incident and what followed.
fn log(folder: &Path, size: usize) -> std::path::PathBuf {
    let (mut alarm, mut incident, mut aftermath) =
        (seeds::alarm(), seeds::incident(), seeds::aftermath());
    let mut text = String::new();
    for number in 0..size {
        let id = format!("01HF7YAT{number:08}0000000000");
        alarm["id"] = json!(id);
        aftermath["alarm"] = json!(id);
        incident["alarm"] = json!(id);
        incident["id"] = json!(format!("01HF7YAU{number:08}0000000000"));
        text += &format!("{alarm}\n{incident}\n{aftermath}\n{{\"half\": \n");
    }
    let path = folder.join(format!("{size}.jsonl"));
    fs::write(&path, text).expect("written");
    path
}

#[test]
fn a_log_is_read_in_linear_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = |size| log(folder.path(), size);
    is_linear("a log, searched", 100, made, |path: &Path| {
        let log = Log::new(path.to_owned());
        black_box(log.evidence("01HF7YAU00000001").expect("there"));
        black_box(log.find("01HF7YAT00000001").expect("there"));
    });
    is_linear("a log, listed", 100, made, |path: &Path| {
        let log = Log::new(path.to_owned());
        black_box(log.latest(usize::MAX).expect("there"));
        black_box(log.incidents(usize::MAX).expect("there"));
    });
    is_linear("ids that begin alike", 100, made, |path: &Path| {
        assert!(Log::new(path.to_owned()).find("01HF7YA").is_err());
    });
}

#[test]
fn an_alarm_and_its_page_are_read_in_linear_time() {
    let made = |size: usize| {
        let mut alarm = seeds::alarm();
        alarm["flight"]["calls"] = json!(vec![json!(["x86-64", 0, "read"]); size]);
        alarm["flight"]["names"] = (0..size).map(|at| json!([at, at.to_string()])).collect();
        alarm.to_string().into_bytes()
    };
    is_linear("an alarm of many calls", 1_000, made, |bytes: &[u8]| {
        let record: AlarmRecord = serde_json::from_slice(bytes).expect("an alarm");
        if let Ok(alarm) = record.alarm() {
            black_box(Profile::default().accept("a", &alarm.flight, 0));
        }
        let page = IncidentPage {
            incident: None,
            alarm: &record,
            aftermath: None,
        };
        black_box(page.html());
    });
}

#[test]
fn notes_are_read_in_linear_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = |size: usize| {
        let note = Note::new(NoteKind::Acknowledged, "01HF7YAU", "ab");
        let line = serde_json::to_string(&note).expect("text");
        let path = folder.path().join(size.to_string());
        let notes = Notes::of(&path);
        fs::write(notes.path(), format!("{line}\n{{\n").repeat(size)).expect("written");
        path
    };
    is_linear("notes", 1_000, made, |path: &Path| {
        black_box(Notes::of(path).read().expect("readable"));
    });
}

#[test]
fn a_configuration_is_read_in_linear_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |size: usize, text: String| {
        let path = folder.path().join(format!("{size}.toml"));
        fs::write(&path, text).expect("written");
        path
    };
    let services = |size: usize| {
        let service = |it| format!("[service.\"unit:{it}.service\"]\nbudget = \"1/week\"\n");
        file(size, (0..size).map(service).collect())
    };
    is_linear("services", 100, services, |path: &Path| {
        black_box(config::load(path, true).expect("right"));
    });
    let outputs = |size: usize| file(size, "[[output]]\ntype = \"journal\"\n".repeat(size));
    is_linear("outputs", 100, outputs, |path: &Path| {
        black_box(config::load(path, true).expect("right"));
    });
    let wrong = |size: usize| file(size, (0..size).map(|it| format!("key{it} = 1\n")).collect());
    is_linear("unknown keys", 100, wrong, |path: &Path| {
        let errors = config::load(path, true).expect_err("wrong");
        black_box(errors.to_string());
    });
}

#[test]
fn a_manifest_is_read_in_linear_time() {
    let whole = include_bytes!("../../../models/default/manifest.json");
    let made = |size: usize| {
        let mut manifest: serde_json::Value = serde_json::from_slice(whole).expect("JSON");
        manifest["name"] = json!("x".repeat(size));
        let tensor = json!({"input": "a", "output": "b", "shape": [1, 0, 128]});
        manifest["state"] = json!(vec![tensor; size]);
        manifest.to_string().into_bytes()
    };
    is_linear("a manifest", 1_000, made, |bytes: &[u8]| {
        if let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) {
            let _ = black_box(manifest.check());
        }
    });
}

/// Structures without names that all hold each other, and names that have no end.
fn btf(size: usize) -> Vec<u8> {
    let mut words = Vec::new();
    for id in 0..size as u32 {
        // A structure of two members without names, of the two types before it.
        words.extend([
            1,
            4 << 24 | 2,
            8,
            0,
            id.saturating_sub(1),
            0,
            0,
            id.saturating_sub(2),
            0,
        ]);
    }
    let strings = [&b"\0"[..], &b"task_struct".repeat(size)].concat();
    let length = words.len() as u32 * 4;
    let header = [0x1_eb9f, 24, 0, length, length, strings.len() as u32];
    let words = header.iter().chain(&words);
    let mut bytes: Vec<u8> = words.flat_map(|word| word.to_ne_bytes()).collect();
    bytes.extend(strings);
    bytes
}

#[test]
fn the_kernels_type_information_is_read_in_linear_time() {
    is_linear("type information", 1_000, btf, |bytes: &[u8]| {
        let btf = Btf::parse(bytes).expect("well-formed");
        black_box(btf.has_name("comm"));
        for name in ["task_struct", "struct"] {
            let _ = black_box(btf.offset(name, &["comm"]));
        }
    });
}

#[test]
fn zips_and_requests_are_read_in_linear_time() {
    is_linear("zip", 64, seeds::zip_of, |bytes: &[u8]| {
        let (files, _) = unpack(Cursor::new(bytes), 1 << 16).expect("a zip");
        assert!(!black_box(files).is_empty());
    });
    is_linear(
        "request",
        256,
        |size| "try&".repeat(size).into_bytes(),
        |bytes: &[u8]| {
            let query = std::str::from_utf8(bytes).expect("text");
            let asked = Asked::of("POST", "/v1/incidents/1/accept", Some(query));
            assert!(black_box(asked).is_ok());
        },
    );
}
