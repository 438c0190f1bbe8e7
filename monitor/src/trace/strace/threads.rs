//! Which thread a line belongs to.
//!
//! strace prints a pid only while it follows more than one thread (or with `-o`), so the first
//! process may have calls before its pid is known: it is called 0, and the first pid that was
//! never announced is taken for its.

use std::collections::{BTreeMap, HashSet};

use crate::detail::Touch;
use crate::syscall::event::{Abi, Comm, Event, EventKind, ServiceId, ThreadKey};

/// Threads that may live at once: `PID_MAX_LIMIT` is four times as much, but no strace survives it.
pub(super) const MOST: usize = 1024 * 1024;

/// The thread of the lines before any pid was printed.
const FIRST: u32 = 0;

/// A thread as far as the text has told.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    /// The table of its calls now.
    pub(super) abi: Abi,
    pub(super) comm: Comm,
    /// Calls so far.
    pub(super) seq: u64,
    /// Whether it is in a call whose end was not printed yet.
    pub(super) inside: bool,
    /// The name that it gets if the execve it is in succeeds.
    pub(super) execs: Option<Comm>,
    /// What the call that it is in touches; how that goes is told at its end.
    pub(super) touches: Vec<Touch>,
}

/// The threads that live.
#[derive(Debug)]
pub(super) struct Threads {
    native: Abi,
    live: BTreeMap<u32, Thread>,
    /// The pid of [`FIRST`], once it is known.
    first: Option<u32>,
    /// Pids that a fork gave while that of [`FIRST`] was not known: none of them is its.
    children: HashSet<u32>,
    /// The pid of the thread that ended last.
    ended: Option<u32>,
    last: u32,
}

impl Threads {
    pub(super) fn new(native: Abi) -> Self {
        Self {
            native,
            live: BTreeMap::new(),
            children: HashSet::new(),
            ended: None,
            first: None,
            last: FIRST,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    /// The thread of a line with this pid at its start; `resumes` if the line is the end of a call.
    pub(super) fn id(&mut self, pid: Option<u32>, resumes: bool) -> u32 {
        self.last = match pid {
            Some(pid) if self.first == Some(pid) => FIRST,
            Some(pid) if self.live.contains_key(&pid) => pid,
            Some(pid) if self.may_be_first(pid, resumes) => {
                self.know_first(pid);
                FIRST
            }
            Some(pid) => pid,
            None if self.live.is_empty() || self.live.contains_key(&self.last) => {
                match self.live.first_key_value() {
                    Some((&only, _)) if self.live.len() == 1 => only,
                    _ => self.last,
                }
            }
            // The thread of the line before is gone, and it is not told which of the others speaks.
            None => match self.live.first_key_value() {
                Some((&eldest, _)) => eldest,
                None => FIRST,
            },
        };
        self.last
    }

    /// Whether a pid that was never told of can be that of [`FIRST`].
    fn may_be_first(&self, pid: u32, resumes: bool) -> bool {
        let Some(first) = self.live.get(&FIRST) else {
            return false;
        };
        // A thread that is inside a call makes no other before that one's end.
        self.first.is_none() && !self.children.contains(&pid) && (resumes || !first.inside)
    }

    fn know_first(&mut self, pid: u32) {
        self.first = Some(pid);
        self.children = HashSet::new();
    }

    /// Notes that a fork gave this pid.
    pub(super) fn forked(&mut self, pid: u32) {
        if self.first.is_none() && self.children.len() < MOST {
            self.children.insert(pid);
        }
    }

    /// The leader of whom a line says that the thread `by` replaces it.
    pub(super) fn survivor(&mut self, pid: Option<u32>, by: u32) -> u32 {
        if pid.is_none() {
            let by = self.id(Some(by), false);
            if let Some(&leader) = self.live.keys().find(|&&id| id != by) {
                return leader;
            }
        }
        self.id(pid, false)
    }

    /// The thread of which strace says that it is detached, if it lives.
    pub(super) fn detached(&mut self, pid: u32) -> Option<u32> {
        if self.live.contains_key(&pid) {
            return Some(pid);
        }
        let lives = self.live.contains_key(&FIRST);
        match self.first {
            Some(first) => (lives && first == pid).then_some(FIRST),
            // Old versions say it of a thread whose end they have printed, too.
            None if lives && self.live.len() == 1 && self.ended != Some(pid) => {
                self.know_first(pid);
                Some(FIRST)
            }
            None => None,
        }
    }

    /// The thread that is there under this pid, which strace begins to follow, and that had calls:
    /// its end was not printed.
    pub(super) fn replaced(&self, pid: u32) -> Option<u32> {
        let id = if self.first == Some(pid) { FIRST } else { pid };
        let there = self.live.get(&id)?;
        (there.seq > 0).then_some(id)
    }

    /// Notes that strace follows this pid now.
    pub(super) fn attach(&mut self, pid: u32) {
        if self.first == Some(pid) && !self.live.contains_key(&FIRST) {
            self.first = None;
        }
        let id = if self.first == Some(pid) { FIRST } else { pid };
        self.get(id);
    }

    /// A thread, new if its id was not in use.
    pub(super) fn get(&mut self, id: u32) -> &mut Thread {
        let abi = self.native;
        self.live.entry(id).or_insert(Thread {
            abi,
            comm: Comm::default(),
            seq: 0,
            inside: false,
            execs: None,
            touches: Vec::new(),
        })
    }

    pub(super) fn remove(&mut self, id: u32) {
        self.live.remove(&id);
        self.ended = if id == FIRST { self.first } else { Some(id) };
    }

    /// An event of a thread.
    pub(super) fn event(&mut self, id: u32, time_ns: u64, kind: EventKind) -> Event {
        let comm = self.get(id).comm;
        Event {
            service: ServiceId::NONE,
            thread: ThreadKey {
                tgid: id,
                tid: id,
                start_ns: 0,
            },
            comm,
            time_ns,
            kind,
        }
    }
}
