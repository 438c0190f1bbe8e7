//! What `/proc` tells of processes, kept for when they are gone.
//!
//! A process is read when it is first seen and when it executes a program, by a thread of its own,
//! and once more with its ancestors when an alarm asks, unless it is gone by then. Only an alarm
//! that is reported waits for that, and not for long.

mod reader;

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Sender, bounded};

use super::redaction::Redaction;
use super::{Container, Host, Program, User, Who};
use crate::detect::verdict::Alarm;
use crate::pipeline::reporting::Identify;
use crate::service::host::Host as HostFiles;
use crate::syscall::event::{Event, EventKind};
use reader::{Reader, Reading};

/// Processes that are remembered; of more the one read longest ago is forgotten. One takes up to 10
/// KiB, mostly a few hundred bytes.
const REMEMBERED: usize = 4096;

/// Processes that may wait to be read. Of more some are only known if they live on.
const WAITING: usize = 1024;

/// Ancestors that are named at most.
const MOST_ANCESTORS: usize = 16;

/// How long an alarm waits for its lineage to be read at most.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// Processes whose first sight was noted; beyond it all are noted again.
const SEEN: usize = 1 << 15;

/// What is known of a process.
#[derive(Clone, Debug)]
struct Known {
    program: Program,
    parent: u32,
    /// Clock ticks since boot: tells it from another process of the same number.
    start: u64,
    user: Option<User>,
    cgroup: Option<String>,
    unit: Option<String>,
    container: Option<Container>,
}

/// Remembers what was read.
#[derive(Debug, Default)]
struct Memory {
    known: HashMap<u32, Known>,
    order: VecDeque<u32>,
}

impl Memory {
    fn keep(&mut self, pid: u32, known: Known) {
        if self.known.insert(pid, known).is_none() {
            self.order.push_back(pid);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

/// Knows the processes of this host.
pub struct ProcessBook {
    host: Option<Arc<Host>>,
    memory: Arc<Mutex<Memory>>,
    readings: Sender<Reading>,
    seen: HashSet<u32>,
}

impl ProcessBook {
    /// Starts the thread that reads, below the root of `files`; it ends with the book.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(host: Option<Host>, files: HostFiles, redaction: Redaction) -> io::Result<Self> {
        let memory = Arc::new(Mutex::new(Memory::default()));
        let (readings, to_read) = bounded(WAITING);
        Reader::start(Arc::clone(&memory), files, redaction, to_read)?;
        Ok(Self {
            host: host.map(Arc::new),
            memory,
            readings,
            seen: HashSet::new(),
        })
    }

    fn known(&self, pid: u32) -> Option<Known> {
        lock(&self.memory).known.get(&pid).cloned()
    }
}

impl Identify for ProcessBook {
    fn note(&mut self, event: &Event) {
        let pid = event.thread.tgid;
        let new = match event.kind {
            EventKind::Exec => true,
            EventKind::Calls(_) => self.seen.insert(pid),
            EventKind::Fork { .. } | EventKind::Touch(_) => false,
            EventKind::Exit { .. } => {
                // The number may be another's from now on.
                if event.thread.tid == pid {
                    self.seen.remove(&pid);
                }
                false
            }
        };
        if new {
            if self.seen.len() >= SEEN {
                self.seen.clear();
            }
            let _ = self.readings.try_send(Reading::Process(pid));
        }
    }

    fn who(&mut self, alarm: &Alarm) -> Option<Arc<Who>> {
        let pid = alarm.thread.tgid;
        // An alarm that is one of many is not worth reading a lineage again.
        if alarm.suppressed.is_none() {
            let (done, is_done) = bounded(1);
            if self.readings.try_send(Reading::Lineage(pid, done)).is_ok() {
                let _ = is_done.recv_timeout(LONGEST_WAIT);
            }
        }
        let mut who = Who {
            host: self.host.clone(),
            ..Who::default()
        };
        let Some(mut known) = self.known(pid) else {
            // It was gone before it could be read: where it ran, whoever made it tells.
            let mut makers = alarm.lineage.iter().rev().skip(1);
            if let Some(maker) = makers.find_map(|kin| self.known(kin.tgid)) {
                (who.cgroup, who.unit, who.container) = (maker.cgroup, maker.unit, maker.container);
            }
            return Some(Arc::new(who));
        };
        who.user.clone_from(&known.user);
        who.cgroup.clone_from(&known.cgroup);
        who.unit.clone_from(&known.unit);
        who.container.clone_from(&known.container);
        loop {
            let (parent, start) = (known.parent, known.start);
            who.lineage.push(known.program);
            if parent == 0 || who.lineage.len() >= MOST_ANCESTORS {
                break;
            }
            match self.known(parent) {
                // A process that began later has its parent's number.
                Some(older) if older.start <= start => known = older,
                _ => break,
            }
        }
        who.lineage.reverse();
        Some(Arc::new(who))
    }
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::{HostFiles, Identify, ProcessBook};
    use crate::detect::verdict::Kin;
    use crate::report::sample;
    use crate::syscall::event::{Comm, Event, EventKind, ThreadKey};
    use crate::who::redaction::Redaction;

    #[test]
    fn a_process_that_is_gone_is_still_known_with_its_parents() {
        let mut book =
            ProcessBook::start(None, HostFiles::at("/"), Redaction::default()).expect("a thread");
        let mut child = Command::new("sleep")
            .args(["600"])
            .stdin(Stdio::null())
            .spawn()
            .expect("sleep is there");
        let thread = ThreadKey {
            tgid: child.id(),
            tid: child.id(),
            start_ns: 1,
        };
        let event = Event {
            service: crate::syscall::event::ServiceId::NONE,
            thread,
            comm: Comm::new(b"sleep"),
            time_ns: 1,
            kind: EventKind::Exec,
        };
        let begun = Instant::now();
        let is_known = |book: &ProcessBook| {
            let memory = super::lock(&book.memory);
            let known = memory.known.get(&thread.tgid);
            known.is_some_and(|it| it.program.command_line.as_deref() == Some("sleep 600"))
        };
        // Between fork and exec it is still this test.
        while !is_known(&book) {
            assert!(begun.elapsed() < Duration::from_secs(20), "it is read");
            book.note(&event);
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().expect("it is ours");
        child.wait().expect("it ended");
        let mut alarm = sample::alarm();
        alarm.thread = thread;
        let who = book.who(&alarm).expect("known");
        let program = who.program().expect("itself");
        assert_eq!(program.command_line.as_deref(), Some("sleep 600"));
        assert!(
            program
                .executable
                .as_deref()
                .is_some_and(|path| path.ends_with("sleep") || path.contains('/'))
        );
        let parent = &who.lineage[who.lineage.len() - 2];
        assert_eq!(parent.pid, std::process::id());
        // SAFETY: geteuid reads a number of this process and cannot fail.
        let me = unsafe { libc::geteuid() };
        assert_eq!(who.user.as_ref().map(|user| user.uid), Some(me));

        // A child of it that was never seen ran where it ran.
        let kin = |tgid| Kin {
            tgid,
            comm: Comm::new(b"sleep"),
            executed: false,
        };
        // Beyond the largest number that a process can have.
        let gone = 1 << 23;
        alarm.thread.tgid = gone;
        alarm.lineage = vec![kin(thread.tgid), kin(gone)];
        let child = book.who(&alarm).expect("its host");
        assert_eq!(child.cgroup, who.cgroup);
        assert!(child.lineage.is_empty() && child.user.is_none());
    }
}
