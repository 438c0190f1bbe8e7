//! Which processes there are, who made whom, and what they are called.
//!
//! The table follows events in their order. A process is known by its tgid as long as it lives;
//! after that the number may be another's, so that a child points to its parent's place in the
//! table and not to the parent's number.

use std::collections::{BTreeMap, HashMap};

use crate::detect::verdict::Kin;
use crate::syscall::event::{Comm, Event, EventKind, ThreadKey};

/// How many processes are remembered. Of more, the one that ended longest ago is forgotten, and
/// while none has ended, the one that came first. A process takes about 200 bytes.
const MOST: usize = 1 << 15;

/// How many processes a lineage names at most: the nearest ones.
const MOST_KIN: usize = 32;

/// Processes that may end between the end of a leader and the exec of its thread. A number is given
/// again only after some thousand others.
const BETWEEN: u64 = 64;

/// A process' place: a number that is never given twice.
type Place = u64;

#[derive(Clone, Debug)]
struct Process {
    tgid: u32,
    comm: Comm,
    /// The name that its last exec gave it.
    program: Option<Comm>,
    /// When its leader began, once that is known.
    start_ns: u64,
    parent: Option<Place>,
    leader_ended: bool,
    /// Which end it was of all, if it ended.
    ended: Option<u64>,
}

/// The processes that events told of.
#[derive(Clone, Debug)]
pub struct Processes {
    by_tgid: HashMap<u32, Place>,
    /// In the order in which they came.
    processes: BTreeMap<Place, Process>,
    /// Those that ended, in that order.
    ended: BTreeMap<u64, Place>,
    next_place: Place,
    next_end: u64,
    most: usize,
}

impl Default for Processes {
    fn default() -> Self {
        Self::with_room_for(MOST)
    }
}

impl Processes {
    fn with_room_for(most: usize) -> Self {
        Self {
            by_tgid: HashMap::new(),
            processes: BTreeMap::new(),
            ended: BTreeMap::new(),
            next_place: 0,
            next_end: 0,
            most,
        }
    }

    /// Takes note of what an event tells.
    pub fn note(&mut self, event: &Event) {
        match event.kind {
            EventKind::Calls(_) | EventKind::Touch(_) => self.named(event.thread, event.comm),
            EventKind::Exec => self.executed(event.thread, event.comm),
            EventKind::Fork { child_tgid, .. } => {
                self.forked(event.thread, event.comm, child_tgid);
            }
            EventKind::Exit { .. } => self.ended(event.thread),
        }
    }

    /// A thread did something under this name.
    pub fn named(&mut self, thread: ThreadKey, comm: Comm) {
        let Some(place) = self.place(thread) else {
            return;
        };
        self.revive(place);
        // Threads may have names of their own: the process is called by its leader's, and by
        // another's only until that is known.
        let process = self.processes.get_mut(&place).expect("it has a place");
        if thread.tid == thread.tgid || process.comm == Comm::default() {
            process.comm = comm;
        }
    }

    /// A thread runs another program; its process has this name now.
    ///
    /// One that did not lead its process leads it from then on, with the leader's number and a
    /// start of its own that the probe gives it: the process is the same, although the kernel ended
    /// the leader for it a moment before (`fs/exec.c`, `de_thread`).
    pub fn executed(&mut self, thread: ThreadKey, comm: Comm) {
        let known = self.by_tgid.get(&thread.tgid);
        if let Some(process) = known.and_then(|place| self.processes.get_mut(place))
            && process
                .ended
                .is_none_or(|end| self.next_end - end <= BETWEEN)
            && thread.start_ns > process.start_ns
        {
            process.start_ns = thread.start_ns;
        }
        let Some(place) = self.place(thread) else {
            return;
        };
        self.revive(place);
        let process = self.processes.get_mut(&place).expect("it has a place");
        // Whichever thread it was leads the process now.
        process.leader_ended = false;
        process.comm = comm;
        process.program = Some(comm);
    }

    /// A thread made a process, or a thread of its own process.
    pub fn forked(&mut self, parent: ThreadKey, comm: Comm, child_tgid: u32) {
        self.named(parent, comm);
        if child_tgid == parent.tgid {
            return;
        }
        let Some(from) = self.place(parent) else {
            return;
        };
        // Events of different threads may come in another order: the child may have been heard of
        // first.
        if let Some(&place) = self.by_tgid.get(&child_tgid) {
            let child = &self.processes[&place];
            if child.ended.is_none() && child.parent == Some(from) {
                return;
            }
            if child.ended.is_none() && child.parent.is_none() {
                if !self.descends(from, place) {
                    self.adopt(place, from);
                }
                return;
            }
        }
        let place = self.add(child_tgid, 0);
        self.adopt(place, from);
    }

    fn adopt(&mut self, child: Place, parent: Place) {
        if let Some(process) = self.processes.get_mut(&child) {
            process.parent = Some(parent);
        }
    }

    /// A thread ended.
    pub fn ended(&mut self, thread: ThreadKey) {
        let Some(&place) = self.by_tgid.get(&thread.tgid) else {
            return;
        };
        let process = self.processes.get_mut(&place).expect("it has a place");
        if is_of_former(process, thread) {
            return;
        }
        process.leader_ended |= thread.tid == thread.tgid;
        // A leader may end before its threads: the next thing that one of them does brings the
        // process back.
        if process.leader_ended {
            self.end(place);
        }
    }

    fn end(&mut self, place: Place) {
        if let Some(process) = self.processes.get_mut(&place)
            && process.ended.is_none()
        {
            process.ended = Some(self.next_end);
            self.ended.insert(self.next_end, place);
            self.next_end += 1;
        }
    }

    /// From the first known ancestor of the process down to itself, at most the 32 nearest; nothing
    /// if it is not known.
    #[must_use]
    pub fn lineage(&self, tgid: u32) -> Vec<Kin> {
        let mut kin = Vec::new();
        let mut at = self.by_tgid.get(&tgid).copied();
        while let Some(process) = at.and_then(|place| self.processes.get(&place))
            && kin.len() < MOST_KIN
        {
            kin.push(Kin {
                tgid: process.tgid,
                comm: process.comm,
                executed: process.program == Some(process.comm),
            });
            at = process.parent;
        }
        kin.reverse();
        kin
    }

    /// The place of a thread's process, which gets one if it has none; `None` if the number is
    /// another's by now.
    fn place(&mut self, thread: ThreadKey) -> Option<Place> {
        let leads = thread.tid == thread.tgid && thread.start_ns > 0;
        let known = self.by_tgid.get(&thread.tgid).copied();
        let Some(place) = known else {
            return Some(self.add(thread.tgid, if leads { thread.start_ns } else { 0 }));
        };
        let process = self.processes.get_mut(&place).expect("it has a place");
        if is_of_former(process, thread) {
            return None;
        }
        if leads && process.start_ns == 0 {
            process.start_ns = thread.start_ns;
        }
        if leads && process.start_ns != thread.start_ns {
            // Its former owner ended unseen.
            return Some(self.add(thread.tgid, thread.start_ns));
        }
        Some(place)
    }

    fn add(&mut self, tgid: u32, start_ns: u64) -> Place {
        if self.processes.len() >= self.most {
            self.forget();
        }
        let place = self.next_place;
        self.next_place += 1;
        if let Some(former) = self.by_tgid.insert(tgid, place) {
            self.end(former);
        }
        self.processes.insert(
            place,
            Process {
                tgid,
                comm: Comm::default(),
                program: None,
                start_ns,
                parent: None,
                leader_ended: false,
                ended: None,
            },
        );
        place
    }

    fn forget(&mut self) {
        let place = match self.ended.pop_first() {
            Some((_, place)) => Some(place),
            None => self.processes.keys().next().copied(),
        };
        let Some(place) = place else {
            return;
        };
        if let Some(process) = self.processes.remove(&place)
            && self.by_tgid.get(&process.tgid) == Some(&place)
        {
            self.by_tgid.remove(&process.tgid);
        }
    }

    fn revive(&mut self, place: Place) {
        if let Some(process) = self.processes.get_mut(&place)
            && let Some(end) = process.ended.take()
        {
            self.ended.remove(&end);
        }
    }

    /// Whether a process descends from an ancestor, or is it.
    fn descends(&self, mut place: Place, ancestor: Place) -> bool {
        // No circle is ever made, so this comes to an end.
        loop {
            if place == ancestor {
                return true;
            }
            match self.processes.get(&place).and_then(|it| it.parent) {
                Some(parent) => place = parent,
                None => return false,
            }
        }
    }
}

/// Whether a thread is one of the process that had the number before: no thread is older than its
/// leader.
const fn is_of_former(process: &Process, thread: ThreadKey) -> bool {
    thread.start_ns > 0 && thread.start_ns < process.start_ns
}

#[cfg(test)]
mod tests;
