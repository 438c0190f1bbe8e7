//! What floods in one service takes no room from another.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use monitor::syscall::event::{EventKind, ServiceId};

use crate::harness::{Seen, native, options, watch_services, watch_services_behind};
use crate::traced::traced;

const FLOOD: ServiceId = ServiceId(2);
const OTHER: ServiceId = ServiceId(3);

/// A process that runs a command once it is told to.
pub struct Waiting(Child);

impl Waiting {
    pub fn new(command: &str) -> Self {
        let child = Command::new("sh")
            .args(["-c", &format!("read x; {command}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn();
        Self(child.expect("a shell"))
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    pub fn go(&mut self) {
        let mut input = self.0.stdin.take().expect("piped, and told once");
        input.write_all(b"\n").expect("it waits");
    }

    pub fn wait(&mut self) {
        self.0.wait().expect("a child");
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Calls of a process, and those of it that are missing.
fn account(seen: &Seen, pid: u32) -> (u64, u64) {
    let (mut arrived, mut missing, mut next) = (0, 0, 0);
    for event in seen.events.iter().filter(|it| it.thread.tgid == pid) {
        let seq = match &event.kind {
            EventKind::Calls(stretch) => stretch.first_seq,
            EventKind::Exit { count } => *count,
            _ => continue,
        };
        missing += seq.saturating_sub(next);
        next = next.max(seq);
        if let EventKind::Calls(stretch) = &event.kind {
            let getppid = native(libc::SYS_getppid);
            arrived += stretch.calls.iter().filter(|&&it| it == getppid).count() as u64;
            next = stretch.first_seq + stretch.calls.len() as u64;
        }
    }
    (arrived, missing)
}

#[test]
#[ignore = "needs root"]
fn one_that_calls_very_much_leaves_the_ring_room_for_another() {
    let mut asked = options();
    asked.by_cgroup = true;
    // A flood leaves a fifth of the ring, and another service may have four fifths of that: 14
    // windows of 128 calls each, also where the reader does not run at all meanwhile, as on a
    // machine that is busy with something else.
    asked.sizes.ring_bytes = 1 << 18;
    asked.duration = Some(Duration::from_secs(4));
    let command = |calls: u32| format!("exec {} getppid {calls}", traced().display());
    let (mut flood, mut other) = (
        Waiting::new(&command(2_000_000)),
        Waiting::new(&command(1000)),
    );
    let (flooding, pid) = (flood.pid(), other.pid());
    let services = vec![(flooding, FLOOD), (pid, OTHER)];
    let seen = watch_services_behind(asked, services, move || {
        flood.go();
        std::thread::sleep(Duration::from_millis(200));
        other.go();
        flood.wait();
        other.wait();
    });
    let (_, lost) = account(&seen, flooding);
    assert!(lost > 0, "the reader was never behind");
    assert_eq!(
        account(&seen, pid),
        (1000, 0),
        "beside {lost} lost of the flood"
    );
}

#[test]
#[ignore = "needs root"]
fn one_that_makes_very_many_processes_leaves_room_for_anothers() {
    let mut asked = options();
    asked.by_cgroup = true;
    asked.sizes.max_threads = 8;
    asked.duration = Some(Duration::from_secs(4));
    let command = format!("exec {} getppid 2000", traced().display());
    let mut flood: Vec<_> = (0..40).map(|_| Waiting::new("exec sleep 3")).collect();
    let mut other = Waiting::new(&command);
    let pid = other.pid();
    let flooding = flood.iter().map(|it| (it.pid(), FLOOD));
    let services = flooding.chain([(pid, OTHER)]).collect();
    let seen = watch_services(asked, services, move || {
        flood.iter_mut().for_each(Waiting::go);
        std::thread::sleep(Duration::from_millis(500));
        other.go();
        other.wait();
    });
    let mut lost = seen.source.lost.iter();
    assert!(
        lost.any(|(reason, _)| *reason == "thread table full"),
        "{:?}",
        seen.source.lost
    );
    assert_eq!(account(&seen, pid), (2000, 0));
}
