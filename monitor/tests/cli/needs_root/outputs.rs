//! Outputs that fail or take nothing, and what becomes of the watch, the log and the end.

mod burst;
mod full_disk;

use std::fs::{self, File};
use std::io::{IoSliceMut, Read as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::cmsg_space;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, UnixCredentials, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike as _};

use crate::harness::{Ran, monitor, parse, run, text};

/// Programs whose start and end are a hundred calls each.
const SCRIPT: &str = "for i in 1 2 3; do /bin/ls / > /dev/null; done; exit 7";

/// Everything alarms.
const LOW: [&str; 6] = [
    "--threshold",
    "0.2",
    "--again-after",
    "0s",
    "--format",
    "json",
];

fn alarms(path: &std::path::Path) -> usize {
    let text = fs::read_to_string(path).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    parse(whole)
        .iter()
        .filter(|it| it["type"] == "alarm")
        .count()
}

#[test]
#[ignore = "needs root"]
fn a_full_disk_costs_neither_the_log_nor_the_status_of_the_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("alarms.jsonl");
    let ran = run(&[
        &LOW[..],
        &["--output", "/dev/full", "--record", "/dev/full"],
        &["--alarm-log", text(&log), "--", "sh", "-c", SCRIPT],
    ]
    .concat());
    // Even its header cannot be written: that is told before anything is watched.
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert!(ran.err.contains("cannot write to /dev/full"), "{}", ran.err);
    let ran = run(&[
        &LOW[..],
        &["--output", "/dev/full", "--alarm-log", text(&log)],
        &["--", "sh", "-c", SCRIPT],
    ]
    .concat());
    assert_eq!(ran.status, 7, "{}", ran.err);
    assert!(alarms(&log) > 0, "{}", ran.err);
    assert!(ran.err.contains("output /dev/full: "), "{}", ran.err);
    assert!(ran.err.contains(" were not written"), "{}", ran.err);
}

/// Runs until its target is gone, the output not read by anybody.
fn unread(log: &str) -> (Child, std::io::PipeReader) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    let child = monitor(
        &[
            &LOW[..],
            &["--alarms-per-minute", "0", "--alarm-log", log],
            &["--", "sh", "-c", "while :; do /bin/ls / > /dev/null; done"],
        ]
        .concat(),
    )
    .stdout(writer)
    .stderr(Stdio::null())
    .spawn()
    .expect("starts");
    (child, reader)
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs root"]
fn a_pipe_that_nobody_reads_stops_neither_the_log_nor_the_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("alarms.jsonl");
    let (mut child, mut reader) = unread(text(&log));
    // A pipe takes 64 KiB: by far fewer than these.
    wait_until("the log goes on", || alarms(&log) > 40);
    for _ in 0..2 {
        // The first goes to the command.
        std::thread::sleep(Duration::from_millis(100));
        let pid = i32::try_from(child.id()).expect("a pid");
        // SAFETY: the number is that of a child that was not waited for.
        unsafe { libc::kill(pid, libc::SIGTERM) };
    }
    let begun = Instant::now();
    child.wait().expect("it ends");
    assert!(begun.elapsed() < Duration::from_secs(20));
    let mut text = Vec::new();
    reader.read_to_end(&mut text).expect("what the pipe held");
    assert!(text.len() <= 1 << 16);
}

#[test]
#[ignore = "needs root"]
fn files_are_private_and_have_one_writer() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, recording) = (folder.path().join("out"), folder.path().join("run.rec"));
    let ran = run(&[
        &["--output", text(&out), "--record", text(&recording)],
        &["--", "true"][..],
    ]
    .concat());
    assert_eq!(ran.status, 0, "{}", ran.err);
    for path in [&out, &recording] {
        let mode = fs::metadata(path).expect("made").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    let lock = File::open(&recording).expect("there");
    lock.lock().expect("free");
    let before = fs::metadata(&recording).expect("there").len();
    let ran: Ran = run(&["record", "--output", text(&recording), "--", "true"]);
    ran.refused(1, &["another process writes to it"]);
    assert_eq!(fs::metadata(&recording).expect("there").len(), before);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&out, &link).expect("a link");
    let ran = run(&["--output", text(&link), "--", "true"]);
    ran.refused(1, &["symbolic link"]);
}

/// journald takes `OBJECT_PID` of root alone, and sees who sends by the credentials that the kernel
/// adds.
#[test]
#[ignore = "needs root"]
fn the_journal_is_written_to_by_root_though_the_monitor_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    // The monitor's own user finds the socket too.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("set");
    let path = folder.path().join("journal");
    let journal = UnixDatagram::bind(&path).expect("a socket");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("set");
    setsockopt(&journal, sockopt::PassCred, &true).expect("set");
    setsockopt(&journal, sockopt::ReceiveTimeout, &TimeVal::seconds(60)).expect("set");
    let output = format!("journal:{}", text(&path));
    let mut watched = monitor(
        &[
            &LOW[..],
            &["--no-alarm-log", "--output-to", &output],
            &[
                "--",
                "sh",
                "-c",
                "for i in 1 2 3; do /bin/ls / > /dev/null; done",
            ],
        ]
        .concat(),
    );
    let mut child = watched
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let mut datagram = vec![0; 1 << 17];
    let mut room = cmsg_space!(UnixCredentials);
    let mut into = [IoSliceMut::new(&mut datagram)];
    let got = recvmsg::<()>(
        journal.as_raw_fd(),
        &mut into,
        Some(&mut room),
        MsgFlags::empty(),
    );
    let got = got.expect("an incident");
    let from = got.cmsgs().expect("whole").find_map(|it| match it {
        ControlMessageOwned::ScmCredentials(from) => Some(from),
        _ => None,
    });
    let (bytes, from) = (got.bytes, from.expect("the kernel says who sent it"));
    assert_eq!(from.uid(), 0);
    assert_ne!(from.pid(), child.id().cast_signed(), "it is the helper");
    let said = String::from_utf8_lossy(&datagram[..bytes]);
    assert!(said.contains("\nOBJECT_PID="), "{said}");
    child.wait().expect("it ends");
}
