//! Writes a small corpus for every target by the project's own writers: `seeds FOLDER`.

use std::path::Path;
use std::{env, fs, io};

use monitor::profile::Profile;
use monitor::profile::file::encode;
use monitor::syscall::event::{Abi, Comm, Event, EventKind, ServiceId, Stretch, ThreadKey};
use monitor::syscall::table;
use monitor::trace::recording::{Header, RecordingWriter};

const STRACE: &str = "[pid 3] 07:11:27.7 (+ 0.1) [ 2] clone(x|SIGCHLDstrace: Process 4 attached\n\
                      ) = 4\n4<a> 1795417887.7 execve(\"/bin/\\x78\", [] <unfinished ...>\n\
                      3 +++ superseded by execve in pid 4 +++\n[ Process PID=3 runs in 32 bit mode. ]\n\
                      <... execve resumed>) = 0\nsyscall_317(0) = ?\nProcess 3 detached\n";

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

fn recording() -> io::Result<Vec<u8>> {
    let header = Header {
        started_unix_ns: 1,
        started_monotonic_ns: 2,
        native: Abi::X86_64,
        kernel: "6.1".into(),
        targets: "pid 1".into(),
    };
    let calls = ["read", "write", "close"].map(|name| table::call(Abi::X86_64, name));
    let mut writer = RecordingWriter::new(Vec::new(), &header)?;
    writer.event(&event(EventKind::Fork {
        child_tgid: 1,
        child_tid: 2,
    }))?;
    writer.event(&event(EventKind::Calls(Stretch {
        first_seq: 0,
        last_ns: 9,
        calls: calls.into_iter().flatten().collect(),
    })))?;
    writer.event(&event(EventKind::Exec))?;
    writer.event(&event(EventKind::Exit { count: 3 }))?;
    writer.lost("ring full", 4)?;
    writer.finish(9)
}

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).unwrap_or_else(|| "corpus".into());
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = Path::new(&folder).join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)
    };
    let recording = recording()?;
    let profile = encode(&Profile::default());
    write("recording", "whole", &recording)?;
    write("recording", "cut", &recording[..recording.len() / 2])?;
    write("trace", "recording", &recording)?;
    write("trace", "strace", STRACE.as_bytes())?;
    write("trace", "names", b"\xef\xbb\xbfread,write close")?;
    write("trace", "numbers", b"6 6 63 340")?;
    write("strace", "lines", STRACE.as_bytes())?;
    write("profile", "file", &profile)?;
    // The contents alone, which the target seals anew.
    write("profile", "contents", &profile[20..profile.len() - 32])?;
    let lines = include_str!("alarms.jsonl").lines();
    for (place, line) in lines.enumerate() {
        let kinds = ["aftermath", "incident", "alarm"];
        let begins = |kind: &&str| line.contains(&format!("\"type\":\"{kind}\""));
        if let Some(target) = kinds.into_iter().find(|it| begins(&it)) {
            write(target, &place.to_string(), line.as_bytes())?;
        }
    }
    write("config", "commented", include_bytes!("../packaging/monitor.toml"))?;
    write("config", "some", b"[judging]\ncpu = \"10%\"\n")?;
    write("record", "zeros", &[0; 512])
}
