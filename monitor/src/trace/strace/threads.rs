//! Which thread a line belongs to.
//!
//! strace prints a pid only while it follows more than one thread (or with `-o`), so the first
//! process may have calls before its pid is known: it is called 0, and the first pid that was
//! never announced is taken for its.

use std::collections::HashMap;

use crate::syscall::event::{Abi, Comm, Event, EventKind, ThreadKey};

/// Threads that may live at once: `PID_MAX_LIMIT` is four times as much, but no strace survives it.
pub(super) const MOST: usize = 1024 * 1024;

/// The thread of the lines before any pid was printed.
const FIRST: u32 = 0;

/// A thread as far as the text has told.
#[derive(Clone, Copy, Debug)]
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
}

/// The threads that live.
#[derive(Debug)]
pub(super) struct Threads {
    native: Abi,
    live: HashMap<u32, Thread>,
    /// The pid of [`FIRST`], once it is known.
    first: Option<u32>,
    last: u32,
}

impl Threads {
    pub(super) fn new(native: Abi) -> Self {
        Self {
            native,
            live: HashMap::new(),
            first: None,
            last: FIRST,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.live.len()
    }

    /// The thread of a line with this pid at its start.
    pub(super) fn id(&mut self, pid: Option<u32>) -> u32 {
        self.last = match pid {
            Some(pid) if self.first == Some(pid) => FIRST,
            Some(pid) if self.live.contains_key(&pid) => pid,
            Some(pid) if self.first.is_none() && self.live.contains_key(&FIRST) => {
                self.first = Some(pid);
                FIRST
            }
            Some(pid) => pid,
            None if self.live.is_empty() || self.live.contains_key(&self.last) => {
                match self.live.keys().next() {
                    Some(&only) if self.live.len() == 1 => only,
                    _ => self.last,
                }
            }
            // The thread of the line before is gone, and it is not told which of the others speaks.
            None => match self.live.keys().min() {
                Some(&eldest) => eldest,
                None => FIRST,
            },
        };
        self.last
    }

    /// The leader of whom a line says that the thread `by` replaces it.
    pub(super) fn survivor(&mut self, pid: Option<u32>, by: u32) -> u32 {
        if pid.is_none() {
            let by = self.id(Some(by));
            if let Some(&leader) = self.live.keys().filter(|&&id| id != by).min() {
                return leader;
            }
        }
        self.id(pid)
    }

    /// Notes that strace follows this pid now.
    pub(super) fn attach(&mut self, pid: u32) {
        // A pid that returns is a new thread: the end of the old one was not printed.
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
        })
    }

    pub(super) fn remove(&mut self, id: u32) {
        self.live.remove(&id);
    }

    /// An event of a thread.
    pub(super) fn event(&mut self, id: u32, time_ns: u64, kind: EventKind) -> Event {
        let comm = self.get(id).comm;
        Event {
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
