//! Every reader of bytes from outside, as a function of the bytes: what libFuzzer and the tests
//! give them must neither panic nor be believed twice.

use std::io::Cursor;
use std::str::from_utf8;

use monitor::alarm_log::notes::LONGEST_REASON;
use monitor::config::Config;
use monitor::detail::{Detail, Reader};
use monitor::guard::asked::{Asked, Refused};
use monitor::guard::place::encoded;
use monitor::model::manifest::Manifest;
use monitor::profile::Profile;
use monitor::profile::file::{decode, encode, seal};
use monitor::report::json::alarm::AlarmRecord;
use monitor::report::json::incident::IncidentRecord;
use monitor::report::json::thread::AftermathRecord;
use monitor::report::page::incident::IncidentPage;
use monitor::report::page::period::Period;
use monitor::service::key::Key;
use monitor::syscall::event::{Abi, Event, EventKind};
use monitor::syscall::table;
use monitor::trace::from_input;
use monitor::trace::input::Input;
use monitor::trace::recorded::FormatReader;
use monitor::trace::recording::{Header, RecordingReader, RecordingWriter};
use monitor::trace::strace::Strace;
use monitor_common::record::{CgroupRecord, Window, cause};
use monitor_common::touch::Touched;

use super::btf::Btf;
use super::entries::unpack;

/// A reader and its name.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 16] = [
    ("trace", trace),
    ("strace", strace),
    ("recording", recording),
    ("payload", payload),
    ("profile", profile),
    ("alarm", alarm),
    ("incident", incident),
    ("aftermath", aftermath),
    ("record", record),
    ("detail", detail),
    ("config", config),
    ("manifest", manifest),
    ("key", key),
    ("request", request),
    ("btf", btf),
    ("zip", zip),
];

/// Whatever an input is: its format is recognised and its events are read.
pub fn trace(bytes: &[u8]) {
    let Ok(input) = Input::from_reader("input", Box::new(Cursor::new(bytes.to_vec()))) else {
        return;
    };
    let Ok(mut source) = from_input(input, None) else {
        return;
    };
    // Every event takes bytes of the input: there are never more of them.
    let most = bytes.len() * 4 + 8;
    assert!(source.by_ref().take(most).count() < most);
    let _ = source.summary().remarks();
}

/// The text of strace, whatever it begins with.
pub fn strace(bytes: &[u8]) {
    for abi in [Abi::X86_64, Abi::Aarch64] {
        let mut strace = Strace::new("input".into(), bytes, abi);
        for event in &mut strace {
            let Ok(event) = event else { break };
            let _ = event.comm.to_string();
        }
        let _ = strace.summary().remarks();
    }
}

/// A recording as it lies in a file: what is read is written again and read the same.
pub fn recording(bytes: &[u8]) {
    let Ok(mut reader) = RecordingReader::new("input".into(), bytes) else {
        return;
    };
    let header = reader.header().clone();
    let events: Vec<_> = reader.by_ref().map_while(Result::ok).collect();
    let written = written(&header, &events);
    let again = RecordingReader::new("again".into(), &written[..]).expect("a recording");
    let again: Vec<_> = again.map(|event| event.expect("an event")).collect();
    assert_eq!(calls(&again), calls(&events));
}

fn written(header: &Header, events: &[Event]) -> Vec<u8> {
    let mut writer = RecordingWriter::new(Vec::new(), header).expect("memory");
    for event in events {
        writer.event(event).expect("what was read can be written");
    }
    writer.finish(0).expect("memory")
}

fn calls(events: &[Event]) -> usize {
    let of = |event: &Event| match &event.kind {
        EventKind::Calls(stretch) => stretch.calls.len(),
        _ => 0,
    };
    events.iter().map(of).sum()
}

/// The payloads of a recording, each of the length of the byte before it, behind right lengths and
/// checksums (`docs/recording.md`).
pub fn payload(bytes: &[u8]) {
    let header = Header {
        started_unix_ns: 1,
        started_monotonic_ns: 2,
        native: Abi::X86_64,
        kernel: String::new(),
        targets: String::new(),
    };
    let writer = RecordingWriter::new(Vec::new(), &header).expect("memory");
    let mut framed = writer.finish(0).expect("memory");
    // Nothing is read behind the end, a record of eight bytes and three.
    framed.truncate(framed.len() - 11);
    let mut rest = bytes;
    while let Some((&length, more)) = rest.split_first() {
        let (payload, after) = more.split_at(more.len().min(length.into()));
        let length = (payload.len() as u32).to_le_bytes();
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&length);
        checksum.update(payload);
        framed.extend(length);
        framed.extend(checksum.finalize().to_le_bytes());
        framed.extend(payload);
        rest = after;
    }
    recording(&framed);
}

/// A profile: as it lies in a file, and sealed anew so that its contents are reached.
pub fn profile(bytes: &[u8]) {
    let _ = decode(bytes);
    if let Ok(profile) = decode(&seal(bytes)) {
        let again = decode(&encode(&profile)).expect("what was read can be written and read");
        assert_eq!(encode(&again), encode(&profile));
    }
}

/// A line of a stored alarm, the page that is made of it, and what accepting it does.
pub fn alarm(bytes: &[u8]) {
    let Ok(record) = serde_json::from_slice::<AlarmRecord>(bytes) else {
        return;
    };
    let page = IncidentPage {
        incident: None,
        alarm: &record,
        aftermath: None,
    };
    assert!(!page.html().contains("<script"));
    if let Ok(alarm) = record.alarm() {
        Profile::default().accept(&alarm.id.to_string(), &alarm.flight, 0);
    }
}

/// A line of an incident, and the page that is made of it.
pub fn incident(bytes: &[u8]) {
    if let Ok(record) = serde_json::from_slice::<IncidentRecord>(bytes) {
        let html = Period::new("a day", [record]).html();
        assert!(!html.contains("<script"));
    }
}

/// A line of what followed an alarm.
pub fn aftermath(bytes: &[u8]) {
    if let Ok(record) = serde_json::from_slice::<AftermathRecord>(bytes) {
        let _ = record.aftermath();
    }
}

/// A record of the ring between kernel and monitor, with the detail of a call that it tells.
pub fn record(bytes: &[u8]) {
    let _ = cause(bytes);
    let _ = Window::from_bytes(bytes);
    let _ = CgroupRecord::from_bytes(bytes).map(|record| record.path().len());
    let Some(touched) = Touched::from_bytes(bytes) else {
        return;
    };
    for name in table::calls(Abi::X86_64).filter_map(table::name) {
        if let Some(reader) = Reader::of(name) {
            let detail = reader.detail(
                &touched.arguments,
                touched.memory(),
                Some(touched.word),
                touched.tgid,
            );
            if let Some(detail) = detail {
                let text = detail.to_string();
                assert_eq!(text.parse::<Detail>().as_ref(), Ok(&detail), "{text}");
            }
        }
    }
}

/// What a call touched, as files have it.
pub fn detail(bytes: &[u8]) {
    if let Some(detail) = from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse::<Detail>().ok())
    {
        assert_eq!(detail.to_string().as_bytes(), bytes);
    }
}

/// The configuration of a guard.
pub fn config(bytes: &[u8]) {
    let Ok(text) = from_utf8(bytes) else {
        return;
    };
    if let Ok(config) = toml::from_str::<Config>(text) {
        let written = toml::to_string(&config).expect("what was read can be written");
        assert!(toml::from_str::<Config>(&written).is_ok(), "{written}");
    }
}

/// The manifest of a model.
pub fn manifest(bytes: &[u8]) {
    if let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) {
        let _ = manifest.check();
        let _ = manifest.metadata();
    }
}

/// The name of a service, as clients of the control socket give it.
pub fn key(bytes: &[u8]) {
    if let Some(key) = from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse::<Key>().ok())
    {
        assert_eq!(key.as_str().parse::<Key>().ok().as_ref(), Some(&key));
        let name = key.file_name();
        assert!(!name.contains('/') && name != "." && name != "..", "{name}");
    }
}

/// What the first line of a request asks: a method, a space, an address; `None` where it is no such
/// line.
#[must_use]
pub fn asked(line: &str) -> Option<Result<Asked, Refused>> {
    let (method, address) = line.split_once(' ')?;
    let (path, query) = match address.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (address, None),
    };
    Some(Asked::of(method, path, query))
}

/// The first line of a request on the control socket.
pub fn request(bytes: &[u8]) {
    let Some(asked) = from_utf8(bytes).ok().and_then(asked) else {
        return;
    };
    match asked {
        Ok(Asked::Change(change)) => {
            let reason = change.reason.clone().unwrap_or_default();
            assert!(reason.len() <= LONGEST_REASON);
            assert!(!reason.contains(char::is_control), "{reason:?}");
            let what = if change.undoes { "unaccept" } else { "accept" };
            let again = format!("/v1/incidents/{}/{what}", encoded(&change.id));
            if let Ok(Asked::Change(again)) = Asked::of("POST", &again, None) {
                assert_eq!(again.id, change.id);
            }
        }
        Ok(Asked::Act(key, action)) => {
            let again = format!("/v1/services/{}/{}", encoded(key.as_str()), action.name());
            let again = Asked::of("POST", &again, None);
            assert_eq!(again, Ok(Asked::Act(key, action)));
        }
        _ => {}
    }
}

/// The zip that the trainer reads, of which no file may be larger than 64 KiB here.
pub fn zip(bytes: &[u8]) {
    const LARGEST: u64 = 64 << 10;
    if let Ok((files, _)) = unpack(Cursor::new(bytes), LARGEST) {
        for (name, content) in files {
            assert!(content.len() as u64 <= LARGEST);
            let climbs = name.split('/').any(|part| part == "..");
            assert!(!climbs && !name.starts_with('/'), "{name:?}");
        }
    }
}

/// The kernel's type information.
pub fn btf(bytes: &[u8]) {
    if let Ok(btf) = Btf::parse(bytes) {
        let _ = btf.offset("task_struct", &["thread_info", "flags"]);
        let _ = btf.size("task_struct");
        let _ = (btf.has_typedef("btf_trace_sys_enter"), btf.has_name("comm"));
    }
}
