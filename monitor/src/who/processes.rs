//! What `/proc` tells of processes, kept for when they are gone.
//!
//! A process is read when it is first seen and when it executes a program, by a thread of its own, so that nothing waits for it;
//! and once more when an alarm asks, unless it is gone by then.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Sender, bounded};
use nix::unistd::Uid;
use procfs::process::Process;

use super::redaction::{Redaction, harmless};
use super::{Host, Program, User, Who};
use crate::detect::verdict::Alarm;
#[cfg(feature = "live")]
use crate::live::privileges::{Needs, give_up};
use crate::pipeline::reporting::Identify;
use crate::syscall::event::{Event, EventKind};

/// Processes that are remembered; of more the one read longest ago is forgotten. One takes up to 10 KiB, mostly a few hundred bytes.
const REMEMBERED: usize = 4096;

/// Processes that may wait to be read. Of more some are only known if they live on.
const WAITING: usize = 1024;

/// Ancestors that are named at most.
const MOST_ANCESTORS: usize = 16;

/// Processes whose first sight was noted; beyond it all are noted again.
const SEEN: usize = 1 << 15;

/// What is known of a process.
#[derive(Clone, Debug)]
struct Known {
    program: Program,
    parent: u32,
    /// Clock ticks since boot: tells it from another process of the same number.
    start: u64,
    uid: Option<u32>,
    cgroup: Option<String>,
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
    redaction: Redaction,
    memory: Arc<Mutex<Memory>>,
    readings: Sender<u32>,
    seen: HashSet<u32>,
    users: HashMap<u32, Option<String>>,
}

/// Leaves the calling thread the rights to read about processes, and no others.
#[cfg(feature = "live")]
fn give_up_rights() {
    let needs = Needs {
        looks_up_processes: true,
        ..Needs::default()
    };
    if let Err(error) = give_up(&needs) {
        log::warn!("the thread that looks up processes keeps its rights: {error}");
    }
}

/// A run without the kernel has none.
#[cfg(not(feature = "live"))]
fn give_up_rights() {}

impl ProcessBook {
    /// Starts the thread that reads; it ends with the book.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(host: Option<Host>, redaction: Redaction) -> std::io::Result<Self> {
        let memory = Arc::new(Mutex::new(Memory::default()));
        let (readings, to_read) = bounded::<u32>(WAITING);
        let (kept, hides) = (Arc::clone(&memory), redaction.clone());
        thread::Builder::new().name("who".into()).spawn(move || {
            give_up_rights();
            for pid in to_read {
                if let Some(known) = read(pid, &hides) {
                    let parent = known.parent;
                    lock(&kept).keep(pid, known);
                    // Whoever started it may be gone by the time of an alarm.
                    if !lock(&kept).known.contains_key(&parent)
                        && let Some(known) = read(parent, &hides)
                    {
                        lock(&kept).keep(parent, known);
                    }
                }
            }
        })?;
        Ok(Self {
            host: host.map(Arc::new),
            redaction,
            memory,
            readings,
            seen: HashSet::new(),
            users: HashMap::new(),
        })
    }

    /// What is known of a process; `fresh` reads it once more.
    fn known(&self, pid: u32, fresh: bool) -> Option<Known> {
        let remembered = || lock(&self.memory).known.get(&pid).cloned();
        if !fresh && let Some(known) = remembered() {
            return Some(known);
        }
        match read(pid, &self.redaction) {
            // One that is about to end has no executable any more.
            Some(now) if now.program.executable.is_none() => match remembered() {
                Some(known) if known.start == now.start => Some(known),
                _ => Some(now),
            },
            Some(now) => {
                lock(&self.memory).keep(pid, now.clone());
                Some(now)
            }
            None => remembered(),
        }
    }

    fn user(&mut self, uid: u32) -> User {
        let look = || {
            let user = nix::unistd::User::from_uid(Uid::from_raw(uid)).ok()??;
            Some(harmless(&user.name))
        };
        let name = self.users.entry(uid).or_insert_with(look).clone();
        User { uid, name }
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
            let _ = self.readings.try_send(pid);
        }
    }

    fn who(&mut self, alarm: &Alarm) -> Option<Arc<Who>> {
        let mut who = Who {
            host: self.host.clone(),
            ..Who::default()
        };
        // An alarm that is one of many is not worth reading a lineage again.
        let fresh = alarm.suppressed.is_none();
        let Some(mut known) = self.known(alarm.thread.tgid, fresh) else {
            return Some(Arc::new(who));
        };
        who.user = known.uid.map(|uid| self.user(uid));
        who.cgroup.clone_from(&known.cgroup);
        let mut lineage = Vec::new();
        loop {
            let (parent, start) = (known.parent, known.start);
            lineage.push(known.program);
            if parent == 0 || lineage.len() >= MOST_ANCESTORS {
                break;
            }
            match self.known(parent, fresh) {
                // A process that began later has its parent's number.
                Some(older) if older.start <= start => known = older,
                _ => break,
            }
        }
        lineage.reverse();
        who.lineage = lineage;
        Some(Arc::new(who))
    }
}

fn read(pid: u32, redaction: &Redaction) -> Option<Known> {
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    let stat = process.stat().ok()?;
    let executable = process.exe().ok();
    let words = process.cmdline().ok().filter(|words| !words.is_empty());
    let cgroups = process.cgroups().ok();
    // The unified hierarchy has the number 0; a host without it names systemd's own.
    let cgroup = cgroups.and_then(|all| {
        let mut all = all.0.into_iter();
        all.find(|one| one.hierarchy == 0 || one.controllers.iter().any(|it| it == "name=systemd"))
    });
    Some(Known {
        program: Program {
            pid,
            comm: harmless(&stat.comm),
            executable: executable.map(|path| harmless(&path.to_string_lossy())),
            command_line: words.map(|words| redaction.shown(&words.join(" "))),
        },
        parent: u32::try_from(stat.ppid).unwrap_or(0),
        start: stat.starttime,
        uid: process.status().ok().map(|status| status.euid),
        cgroup: cgroup.map(|one| harmless(&one.pathname)),
    })
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::{Identify, ProcessBook};
    use crate::report::sample;
    use crate::syscall::event::{Comm, Event, EventKind, ThreadKey};
    use crate::who::redaction::Redaction;

    #[test]
    fn a_process_that_is_gone_is_still_known_with_its_parents() {
        let mut book = ProcessBook::start(None, Redaction::default()).expect("a thread");
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
    }
}
