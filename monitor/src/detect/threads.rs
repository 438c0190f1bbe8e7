//! Which threads there are, and how far each was seen: continuity is judged here, before anything
//! is scored.

mod idle;

use std::collections::{HashMap, VecDeque};

use crate::detect::threads::idle::IdleOrder;
use crate::syscall::event::{Comm, ThreadKey};

/// How many evicted threads are remembered for each that is kept.
const REMEMBERED: usize = 4;

/// One thread of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which.
    pub key: ThreadKey,
    /// Its name as last seen.
    pub comm: Comm,
    /// The place of the call that should come next.
    pub next_seq: u64,
    /// Calls of it that never came.
    pub lost: u64,
    /// When it last did something.
    pub time_ns: u64,
    /// Whether a stretch of it was taken in since it was added.
    pub begun: bool,
}

/// How a stretch goes on from what was seen of its thread.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Continuity {
    /// Calls at its front that were seen before.
    pub repeated: usize,
    /// Calls that are missing before it.
    pub missing: u64,
    /// Whether the stream begins anew with it.
    pub restarts: bool,
}

/// The threads that are followed, by slot: a small number that stays a thread's as long as it is
/// in use.
#[derive(Debug)]
pub struct Threads {
    slots: HashMap<ThreadKey, u32>,
    entries: Vec<Entry>,
    free: Vec<u32>,
    idle: IdleOrder,
    limit: usize,
    /// How far each was seen, and which memory of it that is.
    evicted: HashMap<ThreadKey, (u64, u64)>,
    evicted_order: VecDeque<(ThreadKey, u64)>,
    memories: u64,
    evictions: u64,
}

impl Threads {
    /// An empty table of at most `limit` threads (at least one).
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            slots: HashMap::new(),
            entries: Vec::new(),
            free: Vec::new(),
            idle: IdleOrder::default(),
            limit: limit.max(1),
            evicted: HashMap::new(),
            evicted_order: VecDeque::new(),
            memories: 0,
            evictions: 0,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The slot of a thread, if it is followed.
    #[must_use]
    pub fn find(&self, key: ThreadKey) -> Option<u32> {
        self.slots.get(&key).copied()
    }

    /// What is known of the thread in a slot.
    #[must_use]
    pub fn entry(&self, slot: u32) -> &Entry {
        &self.entries[slot as usize]
    }

    /// The same, to be changed.
    pub fn entry_mut(&mut self, slot: u32) -> &mut Entry {
        &mut self.entries[slot as usize]
    }

    /// The slots in use, the thread that was idle longest first.
    pub fn slots(&self) -> impl Iterator<Item = u32> {
        self.idle.iter()
    }

    /// Whether a thread that is not in the table would find it full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.slots.len() >= self.limit
    }

    /// The thread that was idle longest.
    #[must_use]
    pub fn longest_idle(&self) -> Option<u32> {
        self.idle.first()
    }

    /// Adds a thread that is not in the table. The slot is a new one, or one that was
    /// [released](Self::release). True beside it when the thread was evicted before.
    pub fn add(&mut self, key: ThreadKey, comm: Comm) -> (u32, bool) {
        let known = self.evicted.remove(&key);
        let entry = Entry {
            key,
            comm,
            next_seq: known.map_or(0, |(seq, _)| seq),
            lost: 0,
            time_ns: 0,
            begun: false,
        };
        let slot = if let Some(slot) = self.free.pop() {
            self.entries[slot as usize] = entry;
            slot
        } else {
            self.entries.push(entry);
            u32::try_from(self.entries.len() - 1).expect("the limit of threads is far below 2^32")
        };
        self.slots.insert(key, slot);
        self.idle.push(slot);
        (slot, known.is_some())
    }

    /// Marks a thread as the one that did something last.
    pub fn touch(&mut self, slot: u32) {
        self.idle.remove(slot);
        self.idle.push(slot);
    }

    /// Takes a thread out of the table; its slot stays in use until it is released.
    pub fn remove(&mut self, slot: u32) -> Entry {
        let entry = self.entries[slot as usize];
        self.slots.remove(&entry.key);
        self.idle.remove(slot);
        entry
    }

    /// Takes a thread out although it lives on, and remembers how far it was seen, so that its
    /// calls until then do not count as lost when it comes back.
    pub fn evict(&mut self, slot: u32) -> Entry {
        let entry = self.remove(slot);
        self.evictions += 1;
        self.remember(entry.key, entry.next_seq);
        entry
    }

    /// A thread that is not in the table is about to come, and was seen elsewhere up to the call at
    /// `seq`.
    pub fn expect(&mut self, key: ThreadKey, seq: u64) {
        if !self.slots.contains_key(&key) {
            self.remember(key, seq);
        }
    }

    fn remember(&mut self, key: ThreadKey, seq: u64) {
        if self.evicted_order.len() >= self.limit.saturating_mul(REMEMBERED)
            && let Some((oldest, memory)) = self.evicted_order.pop_front()
            && self
                .evicted
                .get(&oldest)
                .is_some_and(|&(_, last)| last == memory)
        {
            self.evicted.remove(&oldest);
        }
        self.memories += 1;
        self.evicted.insert(key, (seq, self.memories));
        self.evicted_order.push_back((key, self.memories));
    }

    /// How far an evicted thread was seen, while that is remembered.
    #[must_use]
    pub fn seen_before_eviction(&self, key: ThreadKey) -> Option<u64> {
        self.evicted.get(&key).map(|&(seq, _)| seq)
    }

    /// Threads that were evicted so far.
    #[must_use]
    pub const fn evictions(&self) -> u64 {
        self.evictions
    }

    /// Gives a slot back whose thread was taken out.
    pub fn release(&mut self, slot: u32) {
        self.free.push(slot);
    }
}

impl Entry {
    /// Takes note of a stretch of `calls` calls that begins at `first_seq`.
    ///
    /// Sources may hand over a part of a stretch and later all of it: what was seen before is
    /// `repeated`.
    pub fn advance(&mut self, first_seq: u64, calls: usize) -> Continuity {
        let repeated = self.next_seq.saturating_sub(first_seq);
        let repeated = usize::try_from(repeated).unwrap_or(usize::MAX).min(calls);
        let missing = first_seq.saturating_sub(self.next_seq);
        let restarts = missing > 0 || !self.begun;
        if repeated < calls {
            self.begun = true;
            self.lost = self.lost.saturating_add(missing);
            self.next_seq = first_seq.saturating_add(calls as u64);
        }
        Continuity {
            repeated,
            missing,
            restarts,
        }
    }
}

#[cfg(test)]
mod tests;
